#include "vm/driver/library_port.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "vm/driver/call_scope.h"
#include "vm/driver/interface.h"
#include "vm/heap/builder.h"
#include "vm/os/clock.h"
#include "vm/os/posix_error.h"
#include "vm/sched/external_options.h"

namespace joist {

namespace {

constexpr int64_t kNsPerMs = 1'000'000;

// What a driver may write to for its answers without allocating.
constexpr size_t kControlRoom = 64;
constexpr size_t kCallRoom = 256;

char* characters(ByteSpan bytes) {
  return const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
}
void* event_of(int descriptor) {
  return reinterpret_cast<void*>(static_cast<intptr_t>(descriptor));
}

// Output as a driver with outputv sees it: in front of the data is an empty place for a header.
class VectorOutput {
 public:
  explicit VectorOutput(const OutputData& bytes) {
    add(nullptr, nullptr, 0);
    for (const OutputData::Piece& piece : bytes.pieces()) {
      Binary* binary = piece.binary;
      const uint8_t* start = piece.bytes;
      if (!abi::has_bytes_behind(*binary)) {
        binary = new_binary(piece.size);
        std::copy_n(piece.bytes, piece.size, binary->bytes);
        start = binary->bytes;
        copies_.push_back(BinaryPiece(binary, ByteSpan(start, piece.size)));
      }
      add(abi::driver_binary(*binary), start, piece.size);
    }
    vector_ = {static_cast<int>(parts_.size()), bytes.size(), parts_.data(), binaries_.data()};
  }
  abi::IoVector* vector() { return &vector_; }

 private:
  void add(abi::DriverBinary* binary, const uint8_t* bytes, size_t size) {
    binaries_.push_back(binary);
    parts_.push_back({const_cast<uint8_t*>(bytes), size});
  }
  abi::IoVector vector_{};
  std::vector<iovec> parts_;
  std::vector<abi::DriverBinary*> binaries_;
  std::vector<BinaryPiece> copies_;
};

}  // namespace

LibraryPort::LibraryPort(Port& port, std::shared_ptr<const LoadedDriver> driver, DriverUse use)
    : port_(port), driver_(std::move(driver)), use_(std::move(use)) {}

LibraryPort::~LibraryPort() {
  if (data_lock != nullptr) data_lock->release();
}

// A call of one of the driver's functions, on behalf of `caller`; nil: of nobody.
class LibraryPort::Call {
 public:
  explicit Call(LibraryPort& port, Term caller = Term::nil())
      : scope_(port.port_), port_(port), former_(std::exchange(port.caller_, caller)) {
    port.used_percent_ = 0;
  }
  ~Call() { port_.caller_ = former_; }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  const CallScope scope_;
  LibraryPort& port_;
  const Term former_;
};

// --- begin ---

DriverStart LibraryPort::open(Port& port, const std::string& command, const PortOptions&) {
  const auto& info = static_cast<const LoadedDriver&>(port.driver_info());
  std::optional<DriverUse> use = DriverInterface::current()->libraries().use(info);
  DriverStart result;
  result.bad_argument = !use;
  if (!use) return result;
  port.keep(info.shared_from_this());
  port.set_driver(std::make_unique<LibraryPort>(port, info.shared_from_this(), std::move(*use)));
  auto& made = static_cast<LibraryPort&>(*port.driver());
  intptr_t data = 0;
  int error = 0;
  if (made.entry().start != nullptr) {
    const Call start(made, port.owner());
    std::string text = command;
    errno = 0;
    data = reinterpret_cast<intptr_t>(made.entry().start(port.id().bits(), text.data()));
    error = errno;
  }
  const bool has_failed =
      data == abi::kGeneralError || data == abi::kErrnoError || data == abi::kBadArgument;
  if (has_failed && !made.is_over_) {
    made.is_over_ = true;
    DriverInterface::current()->descriptors().port_ended(port.id());
    port.take_driver();
    result.bad_argument = data == abi::kBadArgument;
    if (data == abi::kErrnoError) result.posix_error = error;
    return result;
  }
  if (!made.is_over_) made.data_ = reinterpret_cast<void*>(data);
  result.driver = port.take_driver();
  return result;
}

std::unique_ptr<PortDriver> LibraryPort::adopt(Port& port, void* data) {
  const auto& info = static_cast<const LoadedDriver&>(port.driver_info());
  std::optional<DriverUse> use = DriverInterface::current()->libraries().use(info);
  JOIST_CHECK(use);  // as the creating port has one, and the caller has seen that more are taken
  port.keep(info.shared_from_this());
  auto made = std::make_unique<LibraryPort>(port, info.shared_from_this(), std::move(*use));
  made->data_ = data;
  return made;
}

void LibraryPort::init_ack(void* result) {
  const auto code = reinterpret_cast<intptr_t>(result);
  if (code == abi::kBadArgument) return port_.start_failed_with(atoms::badarg);
  if (code == abi::kGeneralError) return port_.start_failed_with(atoms::einval);
  if (code == abi::kErrnoError) return port_.start_failed(errno);
  data_ = result;
  port_.started();
}

// --- output ---

void LibraryPort::output(OutputData bytes) {
  if (is_over_) return;
  const Call call(*this, port_.caller());
  if (entry().outputv != nullptr) {
    VectorOutput output(bytes);
    entry().outputv(data_, output.vector());
  } else if (entry().output != nullptr) {
    std::vector<uint8_t> joined = bytes.joined();
    joined.push_back(0);  // so that there is something to point at
    entry().output(data_, characters(joined), joined.size() - 1);
  }
}

// An answer in a buffer that the driver has allocated is ours now.
Term LibraryPort::control_answer(char* reply, size_t size, const char* own_room, Allocator& heap) {
  if (reply == nullptr) return Term::nil();
  const bool is_own = reply == own_room;
  if ((control_flags & abi::kControlBinary) == 0) {
    const Term list = make_string(heap, {reply, size});
    if (!is_own) free(reply);
    return list;
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(reply);
  if (is_own) return make_binary(heap, ByteSpan(bytes, size));
  auto* binary = reinterpret_cast<abi::DriverBinary*>(reply);
  return make_bits_of(heap, abi::binary_of(binary), static_cast<size_t>(binary->size) * 8);
}

Term LibraryPort::control_term(uint32_t operation, ByteSpan bytes, Allocator& heap) {
  if (is_over_ || entry().control == nullptr) return Term::none();
  const Call call(*this, port_.caller());
  char room[kControlRoom];
  char* reply = room;
  const ssize_t size =
      entry().control(data_, operation, characters(bytes), bytes.size(), &reply, sizeof room);
  return size < 0 ? Term::none() : control_answer(reply, static_cast<size_t>(size), room, heap);
}

Term LibraryPort::call(uint32_t operation, ByteSpan bytes, Allocator& heap) {
  if (is_over_ || entry().call == nullptr) return Term::none();
  char room[kCallRoom];
  char* reply = room;
  unsigned flags = 0;
  ssize_t size;
  {
    const Call call(*this, port_.caller());
    size = entry().call(data_, operation, characters(bytes), bytes.size(), &reply, sizeof room,
                        &flags);
  }
  Term result = Term::none();
  if (size > 0 && reply != nullptr) {
    const ByteSpan external(reinterpret_cast<const uint8_t*>(reply), static_cast<size_t>(size));
    const std::optional<Decoded> decoded =
        decode_external(external, heap, decode_options(port_.runtime()));
    if (decoded) result = decoded->term;
  }
  if (reply != room && (flags & abi::kCallKeepsBuffer) == 0) free(reply);
  return result;
}

// --- what happens to it ---

void LibraryPort::event(const DriverEvent& event) {
  if (is_over_) return;
  if (event.kind == kJobsDone) {
    finish_jobs();
  } else {
    ready(event.kind, event.value);
  }
}

void LibraryPort::ready(uint32_t event, int64_t value) {
  DriverDescriptors& descriptors = DriverInterface::current()->descriptors();
  const int index = event == kReadable ? 0 : 1;
  if (!descriptors.begin(port_.id(), value, index)) return;
  auto* const function = index == 0 ? entry().ready_input : entry().ready_output;
  const int descriptor = DriverDescriptors::descriptor_of(value);
  if (function != nullptr) {
    const Call call(*this);
    function(data_, event_of(descriptor));
  } else {
    const int mode = index == 0 ? abi::kDrvRead : abi::kDrvWrite;
    descriptors.select(port_.id(), descriptor, mode | abi::kDrvUseNoCallback, false);
  }
  descriptors.done(value, index);
}

std::shared_ptr<AsyncInbox> LibraryPort::make_inbox() {
  if (inbox_ == nullptr) inbox_ = std::make_shared<AsyncInbox>(port_.id());
  return inbox_;
}

void LibraryPort::finish_jobs() {
  for (const std::unique_ptr<AsyncJob>& job : inbox_->take()) {
    if (is_over_ || entry().ready_async == nullptr) {
      job->free_data();
      continue;
    }
    const Call call(*this);
    entry().ready_async(data_, job->data);
  }
}

void LibraryPort::process_ended(uint64_t monitor) {
  if (is_over_ || entry().process_exit == nullptr) return;
  const Call call(*this);
  abi::Monitor ended{monitor, {}};
  entry().process_exit(data_, &ended);
}

// --- time ---

int64_t LibraryPort::now() const { return port_.runtime().clock->monotonic_ns(); }

void LibraryPort::set_timer(uint64_t milliseconds) {
  constexpr uint64_t kLongest = static_cast<uint64_t>(INT64_MAX / 2) / kNsPerMs;
  const auto delay = static_cast<int64_t>(std::min(milliseconds, kLongest));
  deadline_ns_ = now() + delay * kNsPerMs;
  port_.set_timeout(deadline_ns_);
}

void LibraryPort::cancel_timer() {
  deadline_ns_ = INT64_MAX;
  port_.set_timeout(INT64_MAX);
}

uint64_t LibraryPort::timer_left() const {
  if (deadline_ns_ == INT64_MAX) return 0;
  const int64_t left = deadline_ns_ - now();
  return left <= 0 ? 0 : static_cast<uint64_t>((left + kNsPerMs - 1) / kNsPerMs);
}

// May come too late: it was cancelled, or set anew.
void LibraryPort::timeout() {
  if (is_over_ || deadline_ns_ == INT64_MAX) return;
  if (now() < deadline_ns_) return port_.set_timeout(deadline_ns_);
  deadline_ns_ = INT64_MAX;
  if (entry().timeout == nullptr) return;
  const Call call(*this);
  entry().timeout(data_);
}

bool LibraryPort::consume(int percent) {
  used_percent_ = std::min(100, used_percent_ + std::clamp(percent, 1, 100));
  return used_percent_ == 100;
}

// --- end ---

void LibraryPort::flush() {
  was_flushed_ = true;
  if (is_over_ || entry().flush == nullptr) return;
  const CallScope scope(port_);
  entry().flush(data_);
}

void LibraryPort::stop() {
  if (is_over_) return;
  is_over_ = true;
  if (entry().stop != nullptr) {
    const CallScope scope(port_);
    entry().stop(data_);
  }
  deadline_ns_ = INT64_MAX;
  DriverInterface::current()->descriptors().port_ended(port_.id());
  if (inbox_ != nullptr) inbox_->close();
  const QueueLock lock(data_lock);
  queue.clear();
}

void LibraryPort::left() { use_.reset(); }

size_t LibraryPort::queued() const {
  const QueueLock lock(data_lock);
  return queue.size();
}

}  // namespace joist
