#include "vm/io/stream_driver.h"

#include <cerrno>
#include <memory>

#include "vm/io/port.h"
#include "vm/os/poll.h"
#include "vm/os/stream.h"

namespace joist {

namespace {

constexpr size_t kReadBytes = 64 * 1024;

}  // namespace

StreamDriver::StreamDriver(Port& port, const PortOptions& options)
    : port_(port), packet_bytes_(options.packet_bytes), limits_(options.output_limits) {
  if (packet_bytes_ != 0) packets_ = std::make_unique<PacketReader>(packet_bytes_);
}

void StreamDriver::set_input(int descriptor) {
  input_ = descriptor;
  port_.watch(descriptor, readiness::kRead);
}

// --- writing ---

size_t StreamDriver::queued() const {
  if (stopped_) return 0;
  return writer_ != nullptr ? writer_->queued() : queue_.size();
}

void StreamDriver::update_busy() {
  if (limits_.high == kNoBusyLimit) return;
  const size_t left = queued();
  if (!busy_ && left >= limits_.high) port_.set_busy(busy_ = true);
  if (busy_ && left < limits_.low) port_.set_busy(busy_ = false);
}

void StreamDriver::output(OutputData data) {
  uint8_t header[4];
  if (!make_packet_header(packet_bytes_, data.size(), header)) return port_.fail(EINVAL);
  OutputData packet;
  packet.append({header + 4 - packet_bytes_, packet_bytes_});
  packet.append(std::move(data));
  if (packet.empty()) return;
  if (writer_ != nullptr) {
    if (!writer_->write(std::move(packet))) return port_.fail(EAGAIN);
    return update_busy();
  }
  const bool is_first = queue_.empty();
  queue_.append(std::move(packet));
  return is_first ? write_now() : update_busy();
}

void StreamDriver::write_now() {
  ByteSpan pieces[kMostPieces];
  while (!queue_.empty()) {
    const size_t count = queue_.peek(pieces);
    const StreamResult result = write_stream(output_, {pieces, count});
    if (result.must_wait()) break;
    if (result.bytes < 0) return port_.fail(result.error);
    queue_.drop(static_cast<size_t>(result.bytes));
  }
  update_busy();
  if (queue_.empty()) {
    port_.unwatch(output_, readiness::kWrite);
  } else {
    port_.watch(output_, readiness::kWrite);
  }
}

void StreamDriver::ready_output(int) { write_now(); }

// Of the writer's thread.
void StreamDriver::event(const DriverEvent& event) {
  if (event.kind != BlockingWriter::kProgressEvent || writer_ == nullptr) return;
  if (const int error = writer_->error(); error != 0) return port_.fail(error);
  update_busy();
  if (ending_ == kGoesOn || queued() != 0) return;
  if (ending_ != kEndOfFile) return port_.fail(ending_);
  input_ended();
}

// --- reading ---

void StreamDriver::ready_input(int descriptor) {
  // Not an array of the thread's: that would be zeroed in each thread, most of which read nothing.
  static thread_local std::unique_ptr<uint8_t[]> buffer;
  if (buffer == nullptr) buffer = std::make_unique_for_overwrite<uint8_t[]>(kReadBytes);
  const StreamResult result = read_stream(descriptor, buffer.get(), kReadBytes);
  if (result.must_wait()) return;
  if (result.bytes <= 0) return input_failed(result.error);
  const ByteSpan bytes(buffer.get(), static_cast<size_t>(result.bytes));
  if (packets_ == nullptr) return port_.deliver_data(bytes);
  packets_->feed(bytes, [this](ByteSpan packet) { port_.deliver_data(packet); });
}

// The end of the input ends the port; output that a thread is about to write goes first.
void StreamDriver::input_failed(int error) {
  port_.unwatch(input_, readiness::kRead | readiness::kWrite);
  if (writer_ != nullptr && queued() != 0) {
    ending_ = error == 0 ? kEndOfFile : error;
    return;
  }
  if (error != 0) return port_.fail(error);
  input_ended();
}

void StreamDriver::input_ended() { port_.fail_end_of_file(); }

// --- the end ---

void StreamDriver::close_input() {
  if (input_ < 0) return;
  const int descriptor = std::exchange(input_, -1);
  port_.forget(descriptor);
  if (descriptor != output_) release_descriptor(descriptor);
}

void StreamDriver::close_output() {
  if (output_ < 0) return;
  const int descriptor = std::exchange(output_, -1);
  if (descriptor == input_) return;
  port_.forget(descriptor);
  release_descriptor(descriptor);
}

void StreamDriver::stop() {
  stopped_ = true;
  writer_.reset();
  queue_.clear();
  close_output();
  close_input();
}

}  // namespace joist
