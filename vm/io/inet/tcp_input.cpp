// What arrives on a stream: cut into packets, and delivered.
//
// A passive socket reads when somebody asks for data, and then until one packet is whole; an active
// one whenever there is something. A packet that fills most of the buffer is handed out with it,
// so that its bytes are not copied.
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "vm/codec/packet_terms.h"
#include "vm/io/inet/tcp_driver.h"
#include "vm/os/poll.h"
#include "vm/os/stream.h"
#include "vm/proc/runtime.h"
#include "vm/term/atoms_net.h"

namespace joist::inet {

namespace {

constexpr uint32_t kMostWanted = 0x4000000;  // bytes of one recv

PacketType type_of(uint32_t code) {
  switch (code) {
    case kPacket1:
      return PacketType::kLength1;
    case kPacket2:
      return PacketType::kLength2;
    case kPacket4:
      return PacketType::kLength4;
    case kPacketAsn1:
      return PacketType::kAsn1;
    case kPacketSunRm:
      return PacketType::kSunRm;
    case kPacketCdr:
      return PacketType::kCdr;
    case kPacketFcgi:
      return PacketType::kFcgi;
    case kPacketLine:
      return PacketType::kLine;
    case kPacketTpkt:
      return PacketType::kTpkt;
    case kPacketHttp:
    case kPacketHttpBinary:
      return PacketType::kHttp;
    case kPacketHttpHeader:
    case kPacketHttpHeaderBinary:
      return PacketType::kHttpHeader;
    case kPacketSslTls:
      return PacketType::kSslTls;
    default:
      return PacketType::kRaw;
  }
}

}  // namespace

PacketType TcpDriver::packet_type() const {
  const PacketType type = type_of(settings_.packet);
  return type == PacketType::kHttp && in_http_headers_ ? PacketType::kHttpHeader : type;
}

void TcpDriver::watch_input(bool on) {
  if (descriptor_ < 0) return;
  if (!on) {
    ignored_reading_ = false;
    return port_.unwatch(descriptor_, readiness::kRead);
  }
  if (is_ignored_) {
    ignored_reading_ = true;
  } else {
    port_.watch(descriptor_, readiness::kRead);
  }
}

// --- requests ---

// timeout:32 length:32
void TcpDriver::receive_request(ByteReader data, Reply& reply) {
  if (!is_connected()) {
    if (!receive_is_closed_) return reply.error(ENOTCONN);
    receive_is_closed_ = send_is_closed_ = false;
    return reply.error(std::exchange(was_reset_, false) ? "econnreset" : "closed");
  }
  const uint32_t timeout = data.u32();
  const uint32_t wanted = data.u32();
  if (settings_.active != kPassive || !data.ok() || !data.at_end()) return reply.error(EINVAL);
  if (settings_.packet != kPacketRaw && wanted != 0) return reply.error(EINVAL);
  if (wanted > kMostWanted) return reply.error(ENOMEM);
  if (operation_) return reply.error(EALREADY);
  operation_ = new_operation();
  reply.ok();
  reply.u16(operation_->id);
  if (!is_ignored_ && receive(wanted) != Input::kNothing) return;
  if (timeout == 0) {
    return finish_error(*std::exchange(operation_, std::nullopt), Term(atoms::timeout));
  }
  if (timeout != kInfinity) start_timer(kReceiveTimer, 0, timeout);
  watch_input(true);
}

void TcpDriver::put_back(ByteReader data, Reply& reply) {
  if (!is_connected()) return reply.error(ENOTCONN);
  const ByteSpan bytes = data.take(data.remaining());
  std::vector<uint8_t> all(bytes.begin(), bytes.end());
  if (buffer_ != nullptr) all.insert(all.end(), buffered().begin(), buffered().end());
  start_ = end_ = missing_ = 0;
  prepare_buffer(std::max<size_t>(all.size(), settings_.buffer));
  std::copy(all.begin(), all.end(), buffer_->bytes);
  end_ = all.size();
  reply.ok();
  if (settings_.active != kPassive) deliver_ready();
}

void TcpDriver::options_changed(const Settings& before) {
  if (!is_connected()) return;
  const bool was_passive = before.active == kPassive;
  const bool same_packets = before.packet == settings_.packet;
  const uint32_t active = settings_.active;
  if (was_passive && same_packets && (active == kActiveOnce || active == kActiveCounted)) {
    if (is_ignored_) return watch_input(true);
    if (receive(0) != Input::kEnded && settings_.active != kPassive) watch_input(true);
    return;
  }
  if (active != before.active) watch_input(active != kPassive);
  if (active != kPassive && (was_passive || !same_packets)) deliver_ready();
}

// --- the buffer ---

void TcpDriver::clear_input() {
  if (buffer_ != nullptr) std::exchange(buffer_, nullptr)->release();
  start_ = end_ = capacity_ = missing_ = 0;
}

// An empty buffer of that size.
void TcpDriver::prepare_buffer(size_t size) {
  if (buffer_ != nullptr && (buffer_->capacity < size || buffer_->capacity > 4 * size)) {
    std::exchange(buffer_, nullptr)->release();
  }
  if (buffer_ == nullptr) buffer_ = new_binary(size);
  capacity_ = size;
  start_ = end_ = 0;
}

// Room for `size` bytes from start_ on. False: no memory.
bool TcpDriver::make_room(size_t size) {
  if (start_ + size <= capacity_) return true;
  if (buffer_->capacity < size) {
    Binary* larger = try_new_binary(size);
    if (larger == nullptr) return false;
    const size_t count = available();
    std::memcpy(larger->bytes, buffer_->bytes + start_, count);
    std::exchange(buffer_, larger)->release();
    start_ = 0;
    end_ = count;
  }
  compact();
  capacity_ = std::max(capacity_, size);
  return true;
}

void TcpDriver::compact() {
  if (start_ == 0) return;
  const size_t count = available();
  std::memmove(buffer_->bytes, buffer_->bytes + start_, count);
  start_ = 0;
  end_ = count;
}

// A packet has been delivered. The buffer of one that was handed out is not written to any more.
void TcpDriver::consume(size_t size, bool was_handed_over) {
  start_ += size;
  missing_ = 0;
  if (!was_handed_over) {
    if (start_ == end_) start_ = end_ = 0;
    return;
  }
  const size_t count = available();
  Binary* former = std::exchange(buffer_, nullptr);
  const uint8_t* rest = former->bytes + start_;
  start_ = end_ = 0;
  if (count > 0) {
    prepare_buffer(std::max<size_t>(capacity_, count));
    std::memcpy(buffer_->bytes, rest, count);
    end_ = count;
  }
  former->release();
}

TcpDriver::Ahead TcpDriver::look_ahead() {
  PacketLimits limits;
  limits.size = settings_.packet_size;
  limits.line_length = static_cast<uint32_t>(capacity_);
  limits.line_delimiter = settings_.line_delimiter;
  const PacketLength length = packet_length(packet_type(), buffered(), limits);
  if (length.status == PacketStatus::kInvalid) return {Ahead::kInvalid, 0};
  if (length.status == PacketStatus::kKnown) {
    if (length.bytes > INT_MAX) return {Ahead::kInvalid, 0};
    if (length.bytes <= available()) return {Ahead::kWhole, length.bytes};
    if (!make_room(length.bytes)) return {Ahead::kInvalid, 0};
    return {Ahead::kKnown, length.bytes - available()};
  }
  if (end_ == capacity_) {
    if (start_ == 0 && (settings_.packet_size <= end_ || !make_room(settings_.packet_size))) {
      return {Ahead::kInvalid, 0};
    }
    compact();
  }
  return {Ahead::kUnknown, capacity_ - end_};
}

// --- reading ---

// One read. wanted: so many bytes are asked for; 0: a packet is.
TcpDriver::Input TcpDriver::receive(size_t wanted, bool* may_have_more) {
  size_t room;
  if (buffer_ == nullptr || available() == 0) {
    if (missing_ == 0 || buffer_ == nullptr) {
      prepare_buffer(wanted > 0 ? wanted : settings_.buffer);
      missing_ = wanted;
    }
    room = missing_ > 0 ? missing_ : capacity_;
  } else if (wanted > 0) {
    if (available() >= wanted) return deliver(wanted);
    if (!make_room(wanted)) return input_failed(ENOMEM);
    missing_ = room = wanted - available();
  } else if (missing_ == 0) {
    const Ahead ahead = look_ahead();
    if (ahead.status == Ahead::kInvalid) return input_failed(EMSGSIZE);
    if (ahead.status == Ahead::kWhole) return deliver(ahead.bytes);
    if (ahead.status == Ahead::kKnown) missing_ = ahead.bytes;
    room = ahead.bytes;
  } else {
    room = missing_;
  }
  const StreamResult result = read_stream(descriptor_, buffer_->bytes + end_, room);
  if (result.must_wait()) return Input::kNothing;
  if (result.bytes == 0) return input_closed();
  if (result.bytes < 0) {
    const bool hides = result.error == ECONNRESET && !settings_.show_reset;
    return hides ? input_closed() : input_failed(result.error);
  }
  const auto count = static_cast<size_t>(result.bytes);
  if (may_have_more != nullptr) *may_have_more = count == room;
  return took(count);
}

TcpDriver::Input TcpDriver::took(size_t count) {
  end_ += count;
  if (missing_ > 0) {
    missing_ -= count;
    return missing_ == 0 ? deliver(available()) : Input::kNothing;
  }
  const Ahead ahead = look_ahead();
  if (ahead.status == Ahead::kInvalid) return input_failed(EMSGSIZE);
  if (ahead.status == Ahead::kWhole) return deliver(ahead.bytes);
  if (ahead.status == Ahead::kKnown) missing_ = ahead.bytes;
  return Input::kNothing;
}

// --- delivery ---

// What lies in the buffer of a socket that has become active.
TcpDriver::Input TcpDriver::deliver_ready() {
  if (buffer_ == nullptr || available() == 0 || missing_ > 0) return Input::kNothing;
  const Ahead ahead = look_ahead();
  if (ahead.status == Ahead::kWhole) return deliver(ahead.bytes);
  if (ahead.status == Ahead::kInvalid) return input_failed(EMSGSIZE);
  if (ahead.status == Ahead::kKnown) missing_ = ahead.bytes;
  return Input::kNothing;
}

// The first `size` bytes, and, when the socket is active, all packets that are whole behind them.
TcpDriver::Input TcpDriver::deliver(size_t size) {
  for (;;) {
    count_input(size);
    const bool hands_over = 4 * size >= 3 * buffer_->capacity && size > kHeapBitsLimit;
    deliver_packet(buffered().first(size), hands_over ? buffer_ : nullptr);
    if (port_.is_dead() || !is_connected() || buffer_ == nullptr) return Input::kEnded;
    consume(size, hands_over);
    if (settings_.active == kPassive) {
      cancel_timers(kReceiveTimer);
      watch_input(false);
      return Input::kDelivered;
    }
    if (buffer_ == nullptr || available() == 0) return Input::kDelivered;
    const Ahead ahead = look_ahead();
    if (ahead.status == Ahead::kInvalid) return input_failed(EMSGSIZE);
    if (ahead.status != Ahead::kWhole) {
      if (ahead.status == Ahead::kKnown) missing_ = ahead.bytes;
      compact();
      return Input::kDelivered;
    }
    size = ahead.bytes;
  }
}

void TcpDriver::deliver_packet(ByteSpan packet, Binary* holder) {
  const PacketType type = packet_type();
  const ByteSpan body = packet_body(type, packet);
  if (settings_.deliver == kDeliverPort) {
    deliver_to_port(body);
    return port_.is_dead() ? void() : count_active();
  }
  // As in OTP, port_info counts what active sockets deliver.
  if (settings_.active != kPassive) port_.count_input(body.size());
  if (type == PacketType::kHttp || type == PacketType::kHttpHeader || type == PacketType::kSslTls) {
    const bool binaries =
        settings_.packet == kPacketHttpBinary || settings_.packet == kPacketHttpHeaderBinary;
    return deliver_term(type, binaries, packet);
  }
  const size_t words = data_words(body.size());
  if (settings_.active == kPassive) {
    if (!operation_) return;
    const Operation operation = *std::exchange(operation_, std::nullopt);
    return send_built(operation.caller, words + 8, [&](Allocator& heap) {
      const Term data = make_data(heap, body, holder);
      const Term result = make_tuple(heap, {atoms::ok, data});
      return make_tuple(heap, {atoms::inet_async, port_.id(), Term::small(operation.id), result});
    });
  }
  send_built(port_.owner(), words + 4, [&](Allocator& heap) {
    const Term data = make_data(heap, body, holder);
    return make_tuple(heap, {atoms::tcp, port_.id(), data});
  });
  count_active();
}

// Packets that are taken apart.
void TcpDriver::deliver_term(PacketType type, bool binaries, ByteSpan packet) {
  Allocator scratch;
  const PacketTerms terms(scratch, Term::none(), packet, binaries);
  Term term;
  if (type == PacketType::kSslTls) {
    term = terms.ssl_tls(port_.id());
  } else {
    HttpMessage::Kind kind;
    term = terms.http(type, &kind);
    if (kind == HttpMessage::kEndOfHeaders) in_http_headers_ = false;
    if (kind == HttpMessage::kRequest || kind == HttpMessage::kResponse) in_http_headers_ = true;
  }
  if (settings_.active == kPassive) {
    if (!operation_) return;
    return finish(*std::exchange(operation_, std::nullopt), make_tuple(scratch, {atoms::ok, term}));
  }
  send_term(port_.owner(), type == PacketType::kSslTls
                               ? term
                               : make_tuple(scratch, {atoms::http, port_.id(), term}));
  count_active();
}

// --- the end of the input ---

void TcpDriver::tell_closed() {
  if (!std::exchange(closed_was_told_, true)) tell(atoms::tcp_closed);
}

void TcpDriver::end_port(int error) {
  port_.unlink_owner();
  if (error == 0) {
    port_.fail_normal();
  } else {
    port_.fail(error);
  }
}

TcpDriver::Input TcpDriver::input_closed() {
  bool told = false;
  if ((state_ & kStateBusy) != 0) {
    clear_output();
    end_busy();
    answer_error(sender_, atoms::closed);
    told = true;
  }
  if (file_) {
    file_not_sent(ENOTCONN);
    told = true;
  }
  if (!told) send_is_closed_ = true;
  clear_input();
  if (settings_.active != kPassive) {
    tell_closed();
    if (settings_.exit_on_close != 0) {
      end_port(0);
    } else {
      watch_input(false);
    }
    return Input::kEnded;
  }
  cancel_all_timers();
  if (settings_.exit_on_close != 0) {
    close_socket();
  } else {
    watch_input(false);
  }
  if (operation_) finish_error(*std::exchange(operation_, std::nullopt), Term(atoms::closed));
  return Input::kEnded;
}

TcpDriver::Input TcpDriver::input_failed(int error) {
  if ((state_ & kStateBusy) != 0) {
    clear_output();
    end_busy();
    answer_error(sender_, atoms::closed);
  }
  if (file_) file_not_sent(error);
  clear_input();
  if (settings_.active != kPassive) {
    tell(atoms::tcp_error, error_atom(error));
    tell_closed();
    if (settings_.exit_on_close != 0) {
      end_port(error);
    } else {
      watch_input(false);
    }
    return Input::kEnded;
  }
  cancel_all_timers();
  if (settings_.exit_on_close != 0) {
    close_socket();
  } else {
    watch_input(false);
  }
  if (operation_) finish_error(*std::exchange(operation_, std::nullopt), error);
  return Input::kEnded;
}

}  // namespace joist::inet
