// How connections of tcp_inet begin and end.
#include <algorithm>
#include <cerrno>

#include "vm/io/drivers.h"
#include "vm/io/inet/addresses.h"
#include "vm/io/inet/tcp_driver.h"
#include "vm/io/ports.h"
#include "vm/os/poll.h"
#include "vm/term/atoms_net.h"

namespace joist {

const DriverInfo& tcp_driver() {
  static constexpr DriverInfo kInfo{
      .name = "tcp_inet",
      .start =
          [](Port& port, const std::string&, const PortOptions&) {
            return DriverStart{.driver = std::make_unique<inet::TcpDriver>(port)};
          },
      .port_locking = true,
      .takes_force = true,
      .ends_at_halt = true,
  };
  return kInfo;
}

namespace inet {

TcpDriver::TcpDriver(Port& port, const TcpDriver& listener, int descriptor)
    : InetDriver(port, SocketKind::kStream) {
  const Settings& given = listener.settings_;
  settings_.mode = given.mode;
  settings_.exit_on_close = given.exit_on_close;
  settings_.deliver = given.deliver;
  settings_.packet = given.packet;
  settings_.packet_size = given.packet_size;
  settings_.header = given.header;
  settings_.buffer = given.buffer;
  settings_.high_watermark = given.high_watermark;
  settings_.low_watermark = given.low_watermark;
  settings_.send_timeout = given.send_timeout;
  settings_.send_timeout_close = given.send_timeout_close;
  settings_.show_reset = given.show_reset;
  settings_.lingers_not = given.lingers_not;
  settings_.read_ahead = given.read_ahead;
  port_.set_queue_limits(listener.port_.queue_limits());
  family_ = listener.family_;
  descriptor_ = descriptor;
  state_ = kStateOpen | kStateActive;
}

TcpDriver::~TcpDriver() { clear_input(); }

// --- requests ---

void TcpDriver::request(uint32_t request, ByteReader data, Reply& reply) {
  switch (request) {
    case kOpen:
      return open(data, kTypeStream, reply);
    case kOpenDescriptor:
      return open_descriptor(data, kTypeStream, reply);
    case kListen:
      return listen(data, reply);
    case kConnect:
      return connect(data, reply);
    case kAccept:
      return accept(data, reply);
    case kClose:
      end_operations();
      close_socket();
      return reply.ok();
    case kReceive:
      return receive_request(data, reply);
    case kPutBack:
      return put_back(data, reply);
    case kShutdown:
      return shut_down(data, reply);
    case kSendFile:
      return send_file(data, reply);
    default:
      return common_request(request, data, reply);
  }
}

void TcpDriver::listen(ByteReader data, Reply& reply) {
  if (!is_open()) return reply.error("exbadport");
  const auto backlog = static_cast<int16_t>(data.u16());
  if (!data.ok() || !data.at_end()) return reply.error(EINVAL);
  if (const int error = listen_on_socket(descriptor_, backlog); error != 0) {
    return reply.error(error);
  }
  state_ = kStateOpen | kStateListen;
  reply.ok();
}

// --- connect ---

// timeout:32 address
void TcpDriver::connect(ByteReader data, Reply& reply) {
  if (!is_open()) return reply.error("exbadport");
  if (is_connected()) return reply.error(EISCONN);
  if (is_connecting_ || operation_) return reply.error(EINVAL);
  if (data.remaining() < 6) return reply.error(EINVAL);
  const uint32_t timeout = data.u32();
  SocketAddress address;
  if (const char* error = read_address(family_, data, &address)) return reply.error(error);
  const int error = connect_socket(descriptor_, address);
  if (error != 0 && !connecting(error)) return reply.error(error);
  operation_ = new_operation();
  reply.ok();
  reply.u16(operation_->id);
  if (error == 0) return connected();
  is_connecting_ = true;
  state_ |= kStateConnecting;
  port_.watch(descriptor_, readiness::kWrite);
  if (timeout != kInfinity) start_timer(kConnectTimer, 0, timeout);
}

void TcpDriver::connected() {
  is_connecting_ = false;
  state_ = (state_ & ~uint32_t{kStateConnecting}) | kStateActive;
  if (settings_.active != kPassive) watch_input(true);
  finish_ok(*std::exchange(operation_, std::nullopt));
}

void TcpDriver::ready_output(int) {
  if (!is_connecting_) {
    if (is_connected()) return write_queue();
    return port_.unwatch(descriptor_, readiness::kWrite);
  }
  port_.unwatch(descriptor_, readiness::kWrite);
  cancel_timers(kConnectTimer);
  const int error = pending_error(descriptor_);
  if (error == 0) return connected();
  is_connecting_ = false;
  state_ = kStateOpen;
  finish_error(*std::exchange(operation_, std::nullopt), error);
}

// --- accept ---

void TcpDriver::accept(ByteReader data, Reply& reply) {
  const uint32_t timeout = data.u32();
  if ((state_ & kStateListen) == 0 || !data.ok() || !data.at_end()) return reply.error(EINVAL);
  int descriptor = -1;
  const int error = acceptors_.empty() ? accept_connection(descriptor_, &descriptor) : EAGAIN;
  if (error != 0 && !would_block(error)) return reply.error(error);
  const Operation operation = new_operation();
  if (error != 0) {
    const uint64_t monitor = port_.monitor(operation.caller);
    if (monitor == 0) return reply.error("noproc");
    acceptors_.push_back({operation, monitor});
    state_ |= kStateAccepting;
    port_.watch(descriptor_, readiness::kRead);
    if (timeout != kInfinity) start_timer(kAcceptTimer, operation.id, timeout);
  } else {
    hand_over(operation, descriptor);
  }
  reply.ok();
  reply.u16(operation.id);
}

namespace {

struct Accepted {
  const TcpDriver* listener;
  int descriptor;
};

}  // namespace

void TcpDriver::hand_over(const Operation& operation, int descriptor) {
  Accepted accepted{this, descriptor};
  const auto make = [](Port& port, void* argument) -> std::unique_ptr<PortDriver> {
    auto* from = static_cast<Accepted*>(argument);
    return std::make_unique<TcpDriver>(port, *from->listener, std::exchange(from->descriptor, -1));
  };
  const Term port = port_.ports().open_for(port_.thread(), operation.caller, tcp_driver(),
                                           tcp_driver().name, make, &accepted);
  if (port.is_none()) {
    if (accepted.descriptor >= 0) close_stream(accepted.descriptor);
    return finish_error(operation, Term(atoms::system_limit));
  }
  Allocator scratch;
  finish(operation, make_tuple(scratch, {atoms::ok, port}));
}

void TcpDriver::no_more_acceptors() {
  if (!acceptors_.empty()) return;
  state_ &= ~uint32_t{kStateAccepting};
  if (descriptor_ >= 0) port_.unwatch(descriptor_, readiness::kRead);
}

void TcpDriver::drop_acceptor(std::deque<Acceptor>::iterator acceptor) {
  const uint64_t id = acceptor->operation.id;
  cancel_timers(kAcceptTimer, &id);
  port_.demonitor(acceptor->monitor);
  acceptors_.erase(acceptor);
  no_more_acceptors();
}

void TcpDriver::accept_all() {
  while (!acceptors_.empty()) {
    int descriptor;
    const int error = accept_connection(descriptor_, &descriptor);
    if (would_block(error)) return;
    const Operation operation = acceptors_.front().operation;
    drop_acceptor(acceptors_.begin());
    if (error != 0) return finish_error(operation, error);
    hand_over(operation, descriptor);
  }
  no_more_acceptors();
}

void TcpDriver::process_ended(uint64_t monitor) {
  const auto found = std::find_if(acceptors_.begin(), acceptors_.end(),
                                  [monitor](const auto& one) { return one.monitor == monitor; });
  if (found != acceptors_.end()) drop_acceptor(found);
}

void TcpDriver::ready_input(int) {
  if ((state_ & kStateListen) != 0) return accept_all();
  if (!is_connected()) return port_.unwatch(descriptor_, readiness::kRead);
  constexpr int kReadsAtOnce = 16;
  for (int reads = 0; reads < kReadsAtOnce; ++reads) {
    bool may_have_more = false;
    if (receive(0, &may_have_more) == Input::kEnded) return;
    if (!may_have_more || settings_.active == kPassive) return;
  }
}

void TcpDriver::timer_fired(uint32_t what, uint64_t argument) {
  switch (what) {
    case kConnectTimer: {
      // What becomes of the connection is not known: the socket is of no use.
      const Operation operation = *std::exchange(operation_, std::nullopt);
      is_connecting_ = false;
      close_socket();
      return finish_error(operation, Term(atoms::timeout));
    }
    case kAcceptTimer: {
      const auto found =
          std::find_if(acceptors_.begin(), acceptors_.end(),
                       [argument](const auto& one) { return one.operation.id == argument; });
      if (found == acceptors_.end()) return;
      const Operation operation = found->operation;
      drop_acceptor(found);
      return finish_error(operation, Term(atoms::timeout));
    }
    case kReceiveTimer:
      watch_input(false);
      missing_ = 0;
      if (operation_) {
        finish_error(*std::exchange(operation_, std::nullopt), Term(atoms::timeout));
      }
      return;
    case kSendTimer:
      end_busy();
      answer_error(sender_, atoms::timeout);
      if (settings_.send_timeout_close != 0) close_socket();
      return;
    default:
      return;
  }
}

// --- the end ---

void TcpDriver::shut_down(ByteReader data, Reply& reply) {
  if (!is_connected()) return reply.error(ENOTCONN);
  const uint8_t how = data.u8();
  if (!data.ok() || !data.at_end() || how > 2) return reply.error(EINVAL);
  const auto what = static_cast<ShutdownOf>(how);
  if (what != ShutdownOf::kReading && !queue_.empty()) {
    late_shutdown_ = what;
    return reply.ok();
  }
  const int error = shut_down_socket(descriptor_, what);
  if (error == 0) return reply.ok();
  if (what != ShutdownOf::kReading) cannot_write_ = true;
  reply.error(error);
}

void TcpDriver::shut_down_late() {
  if (!late_shutdown_) return;
  const int error = shut_down_socket(descriptor_, *std::exchange(late_shutdown_, std::nullopt));
  if (error != 0) return connection_failed(error);
  cannot_write_ = true;
}

void TcpDriver::end_operations() {
  while (!acceptors_.empty()) {
    const Operation operation = acceptors_.front().operation;
    drop_acceptor(acceptors_.begin());
    finish_error(operation, Term(atoms::closed));
  }
  if (operation_) finish_error(*std::exchange(operation_, std::nullopt), Term(atoms::closed));
  is_connecting_ = false;
  cancel_all_timers();
}

void TcpDriver::close_socket() {
  clear_input();
  clear_output();
  drop_file();
  close_descriptor();
}

void TcpDriver::flush() {
  const bool goes_on = is_connected() && !settings_.lingers_not && !file_ && !is_ignored_;
  if (!goes_on) return clear_output();
  if (!queue_.empty()) watch_output();
}

void TcpDriver::stop() {
  end_operations();
  close_socket();
}

bool TcpDriver::activated_when_closed() {
  if (std::exchange(was_reset_, false)) tell(atoms::tcp_error, atoms::econnreset);
  tell_closed();
  if (settings_.exit_on_close == 0) return true;
  end_port(0);
  return false;
}

void TcpDriver::ignore_descriptor(bool ignore, Reply& reply) {
  if (ignore == is_ignored_) return reply.error(EINVAL);
  is_ignored_ = ignore;
  if (ignore) {
    ignored_reading_ = settings_.active != kPassive;
    ignored_writing_ = !queue_.empty();
    port_.unwatch(descriptor_, readiness::kRead | readiness::kWrite);
  } else {
    if (ignored_reading_) port_.watch(descriptor_, readiness::kRead);
    if (ignored_writing_) port_.watch(descriptor_, readiness::kWrite);
    ignored_reading_ = ignored_writing_ = false;
  }
  reply.ok();
}

}  // namespace inet

}  // namespace joist
