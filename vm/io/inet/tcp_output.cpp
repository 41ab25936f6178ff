// What is sent on a stream. A sender gets its answer at once, unless so much is queued that the
// port becomes busy: then when most of it has been written.
#include <cerrno>

#include "vm/io/inet/tcp_driver.h"
#include "vm/io/ports.h"
#include "vm/os/poll.h"
#include "vm/os/stream.h"
#include "vm/term/atoms_net.h"

namespace joist::inet {

namespace {

size_t header_size(uint32_t packet) {
  switch (packet) {
    case kPacket1:
      return 1;
    case kPacket2:
      return 2;
    case kPacket4:
      return 4;
    default:
      return 0;
  }
}

}  // namespace

void TcpDriver::output(OutputData data) {
  if (!take_sender(data, &sender_)) return port_.fail(EINVAL);
  if (!is_connected()) {
    if (!std::exchange(send_is_closed_, false)) return answer_error(sender_, atoms::enotconn);
    return answer_error(sender_, was_reset_ ? atoms::econnreset : atoms::closed);
  }
  if (late_shutdown_) return connection_failed(EPIPE);
  send(std::move(data));
}

void TcpDriver::enqueue(ByteSpan header, OutputData data) {
  queue_.append(header);
  queue_.append(std::move(data));
}

void TcpDriver::become_busy() {
  if (settings_.send_timeout == 0) return answer_error(sender_, atoms::timeout);
  state_ |= kStateBusy;
  busy_sender_ = std::exchange(sender_, Sender());
  port_.set_busy(true);
  if (settings_.send_timeout == kInfinity) return;
  send_timer_runs_ = true;
  start_timer(kSendTimer, 0, settings_.send_timeout);
}

void TcpDriver::end_busy() {
  sender_ = std::exchange(busy_sender_, Sender());
  if (std::exchange(send_timer_runs_, false)) cancel_timers(kSendTimer);
  state_ &= ~uint32_t{kStateBusy};
  port_.set_busy(false);
}

void TcpDriver::watch_output() {
  if (is_ignored_) {
    ignored_writing_ = true;
  } else {
    port_.watch(descriptor_, readiness::kWrite);
  }
}

void TcpDriver::send(OutputData data) {
  uint8_t bytes[4];
  const size_t header = header_size(settings_.packet);
  for (size_t i = 0; i < 4; ++i) bytes[i] = static_cast<uint8_t>(data.size() >> (24 - 8 * i));
  const ByteSpan front(bytes + 4 - header, header);
  const size_t size = header + data.size();
  count_output(size);
  if (file_ || !queue_.empty()) {
    enqueue(front, std::move(data));
    const auto high = static_cast<size_t>(settings_.high_watermark);
    return queue_.size() >= high ? become_busy() : answer(sender_, atoms::ok);
  }
  if (size == 0) return answer(sender_, atoms::ok);
  if (is_ignored_ || settings_.delay_send) {
    enqueue(front, std::move(data));
    if (is_ignored_) {
      ignored_writing_ = true;
    } else {
      port_.ports().send_event(port_.id(), {kDelayedSend, 0});
    }
    return answer(sender_, atoms::ok);
  }
  ByteSpan pieces[kMostPieces];
  pieces[0] = front;
  const size_t count = 1 + data.peek(std::span<ByteSpan>(pieces).subspan(1));
  const StreamResult result = write_stream(descriptor_, {pieces, count});
  if (result.bytes < 0 && !result.must_wait()) return send_failed(result.error);
  const size_t written = result.bytes < 0 ? 0 : static_cast<size_t>(result.bytes);
  if (written < size) {
    const size_t of_header = std::min(written, header);
    data.drop(written - of_header);
    enqueue(front.subspan(of_header), std::move(data));
    watch_output();
  }
  answer(sender_, atoms::ok);
}

void TcpDriver::event(const DriverEvent& event) {
  if (event.kind == kDelayedSend && is_connected() && !queue_.empty()) write_queue();
}

void TcpDriver::write_queue() {
  if (file_ && !send_file_part()) return;
  const auto low = static_cast<size_t>(settings_.low_watermark);
  ByteSpan pieces[kMostPieces];
  while (!queue_.empty()) {
    const StreamResult result = write_stream(descriptor_, {pieces, queue_.peek(pieces)});
    if (result.must_wait()) return watch_output();
    if (result.bytes < 0) return send_failed(result.error);
    queue_.drop(static_cast<size_t>(result.bytes));
    if (queue_.size() <= low && (state_ & kStateBusy) != 0) {
      end_busy();
      answer(sender_, atoms::ok);
    }
  }
  port_.unwatch(descriptor_, readiness::kWrite);
  tell_empty_queue();
  shut_down_late();
}

void TcpDriver::clear_output() {
  queue_.clear();
  tell_empty_queue();
}

// The other end is gone; that it said so (a reset) only shows where it is asked for.
void TcpDriver::send_failed(int error) {
  connection_failed(error == EPIPE && !cannot_write_ ? ECONNRESET : error);
}

void TcpDriver::connection_failed(int error) {
  const bool shows_reset = error == ECONNRESET && settings_.show_reset;
  const bool sends_file = file_.has_value();
  const Term reason = shows_reset ? Term(atoms::econnreset) : Term(atoms::closed);
  if ((state_ & kStateBusy) != 0) end_busy();
  if (settings_.active != kPassive) {
    if (shows_reset) tell(atoms::tcp_error, reason);
    tell_closed();
    if (!sends_file) answer_error(sender_, reason);
    if (settings_.exit_on_close != 0) return end_port(0);
    return close_socket();
  }
  end_operations();
  if (sender_.pid.is_none()) {
    send_is_closed_ = true;
  } else if (!sends_file) {
    answer_error(sender_, reason);
  }
  close_socket();
  receive_is_closed_ = true;
  if (shows_reset) was_reset_ = true;
}

// --- files ---

// descriptor of the file: an int as it is in memory; offset:64 length:64
void TcpDriver::send_file(ByteReader data, Reply& reply) {
  int file;
  const ByteSpan handle = data.take(sizeof file);
  const int64_t offset = data.i64();
  const int64_t length = data.i64();
  if (!data.ok() || !data.at_end()) return reply.error(EINVAL);
  if (!is_connected()) return reply.error(ENOTCONN);
  if (file_) return reply.error(EINVAL);
  std::copy(handle.begin(), handle.end(), reinterpret_cast<uint8_t*>(&file));
  int copy;
  if (const int error = duplicate(file, &copy); error != 0) return reply.error(error);
  sender_ = Sender();
  file_ = FileToSend{copy, offset, length, 0, queue_.size()};
  reply.ok();
  if (send_file_part() && !queue_.empty()) watch_output();
}

void TcpDriver::drop_file() {
  if (!file_) return;
  close_stream(file_->descriptor);
  file_.reset();
}

// False: there is more to send when the socket can be written, or the connection is over.
bool TcpDriver::send_file_part() {
  constexpr int64_t kAtOnce = (int64_t{1} << 30) - 1;
  while (file_->before > 0) {
    ByteSpan piece[1];
    queue_.peek(piece);
    piece[0] = piece[0].first(std::min(piece[0].size(), file_->before));
    const StreamResult result = write_stream(descriptor_, piece);
    if (result.must_wait()) return watch_output(), false;
    if (result.bytes < 0) return file_not_sent(result.error), send_failed(result.error), false;
    queue_.drop(static_cast<size_t>(result.bytes));
    file_->before -= static_cast<size_t>(result.bytes);
  }
  while (file_->left > 0) {
    const auto count = static_cast<size_t>(std::min(file_->left, kAtOnce));
    const StreamResult result =
        joist::send_file(descriptor_, file_->descriptor, file_->offset, count);
    if (result.must_wait()) return watch_output(), false;
    if (result.bytes < 0) return file_not_sent(result.error), send_failed(result.error), false;
    if (result.bytes == 0) break;
    file_->sent += static_cast<uint64_t>(result.bytes);
    file_->offset += result.bytes;
    file_->left -= result.bytes;
  }
  file_sent();
  return true;
}

void TcpDriver::file_sent() {
  const uint64_t sent = file_->sent;
  drop_file();
  if (queue_.size() <= static_cast<size_t>(settings_.low_watermark) && (state_ & kStateBusy) != 0) {
    end_busy();
    answer(sender_, atoms::ok);
  }
  Allocator scratch;
  const auto half = [](uint64_t value) { return Term::small(static_cast<int64_t>(value)); };
  const Term result = make_tuple(scratch, {atoms::ok, half(sent & 0xffffffff), half(sent >> 32)});
  send_term(port_.owner(), make_tuple(scratch, {atoms::sendfile, port_.id(), result}));
  if (!queue_.empty()) return;
  port_.unwatch(descriptor_, readiness::kWrite);
  tell_empty_queue();
  shut_down_late();
}

void TcpDriver::file_not_sent(int error) {
  const bool is_gone = error == ECONNRESET || error == ENOTCONN || error == EPIPE;
  Allocator scratch;
  const Term reason = is_gone ? Term(atoms::closed) : error_atom(error);
  const Term result = make_tuple(scratch, {atoms::error, reason});
  send_term(port_.owner(), make_tuple(scratch, {atoms::sendfile, port_.id(), result}));
}

}  // namespace joist::inet
