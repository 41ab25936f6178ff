// udp_inet: datagrams over UDP and local sockets.
#include <cerrno>
#include <optional>

#include "vm/io/drivers.h"
#include "vm/io/inet/addresses.h"
#include "vm/io/inet/inet_driver.h"
#include "vm/io/ports.h"
#include "vm/os/poll.h"
#include "vm/term/atoms_net.h"

namespace joist {

namespace inet {

namespace {

class UdpDriver final : public InetDriver {
 public:
  explicit UdpDriver(Port& port) : InetDriver(port, SocketKind::kDatagram) {}
  ~UdpDriver() override {
    if (buffer_ != nullptr) buffer_->release();
  }

  void output(OutputData data) override;
  void ready_input(int) override { receive(settings_.read_packets); }
  void stop() override;

 private:
  enum TimerKind : uint32_t { kReceiveTimer };

  struct Datagram {
    SocketAddress from;
    DatagramNotes notes;
    ByteSpan data;
    Binary* holder;  // what the data lie in, if they are to stay there
  };

  void request(uint32_t request, ByteReader data, Reply& reply) override;
  void options_changed(const Settings& before) override;
  void timer_fired(uint32_t what, uint64_t argument) override;
  void connect(ByteReader data, Reply& reply);
  void receive_request(ByteReader data, Reply& reply);
  // False: nothing was there.
  bool receive(int packets);
  void receive_failed(int error);
  void deliver(const Datagram& datagram);
  Term make_notes(Allocator& heap, const DatagramNotes& notes) const;

  std::optional<Operation> operation_;  // that receives
  Binary* buffer_ = nullptr;
};

void UdpDriver::request(uint32_t request, ByteReader data, Reply& reply) {
  switch (request) {
    case kOpen:
    case kOpenDescriptor:
      if (request == kOpen) {
        open(data, kTypeDatagram, reply);
      } else {
        open_descriptor(data, kTypeDatagram, reply);
      }
      if (is_open() && settings_.active != kPassive) port_.watch(descriptor_, readiness::kRead);
      return;
    case kClose:
      close_descriptor();
      return reply.ok();
    case kConnect:
      return connect(data, reply);
    case kReceivePacket:
      return receive_request(data, reply);
    default:
      return common_request(request, data, reply);
  }
}

// timeout:32 address, or nothing: not connected any more
void UdpDriver::connect(ByteReader data, Reply& reply) {
  if (!is_open()) return reply.error("exbadport");
  if (!data.at_end()) {
    if (data.remaining() < 6) return reply.error(EINVAL);
    data.u32();
    SocketAddress address;
    if (const char* error = read_address(family_, data, &address)) return reply.error(error);
    // Without that the source address would stay that of the former connection.
    if (is_connected()) disconnect_socket(descriptor_);
    if (const int error = connect_socket(descriptor_, address); error != 0) {
      disconnect_socket(descriptor_);
      state_ &= ~uint32_t{kStateActive};
      return reply.error(error);
    }
    state_ |= kStateActive;
  } else {
    disconnect_socket(descriptor_);
    state_ &= ~uint32_t{kStateActive};
  }
  const Operation operation = new_operation();
  reply.ok();
  reply.u16(operation.id);
  finish_ok(operation);
}

void UdpDriver::options_changed(const Settings& before) {
  if (!is_open() || settings_.active == before.active) return;
  if (settings_.active == kPassive) {
    port_.unwatch(descriptor_, readiness::kRead);
  } else {
    port_.watch(descriptor_, readiness::kRead);
  }
}

// --- receiving ---

// timeout:32 length:32, which does not matter
void UdpDriver::receive_request(ByteReader data, Reply& reply) {
  if (!is_open()) return reply.error("exbadport");
  const uint32_t timeout = data.u32();
  data.u32();
  if (settings_.active != kPassive || !data.ok() || !data.at_end()) return reply.error(EINVAL);
  if (operation_) return reply.error(EALREADY);
  operation_ = new_operation();
  reply.ok();
  reply.u16(operation_->id);
  if (receive(1)) return;
  port_.watch(descriptor_, readiness::kRead);
  if (timeout != kInfinity) start_timer(kReceiveTimer, 0, timeout);
}

void UdpDriver::timer_fired(uint32_t, uint64_t) {
  if (!operation_) return;
  port_.unwatch(descriptor_, readiness::kRead);
  finish_error(*std::exchange(operation_, std::nullopt), Term(atoms::timeout));
}

bool UdpDriver::receive(int packets) {
  for (int count = 0; count < packets; ++count) {
    const size_t room = settings_.buffer;
    if (buffer_ != nullptr && buffer_->capacity != room) {
      std::exchange(buffer_, nullptr)->release();
    }
    if (buffer_ == nullptr) buffer_ = new_binary(room);
    Datagram datagram{};
    bool is_cut;
    const StreamResult result =
        receive_datagram(descriptor_, buffer_->bytes, room, &datagram.from,
                         settings_.wants_notes ? &datagram.notes : nullptr, &is_cut);
    if (result.must_wait()) return count > 0;
    if (result.bytes < 0) {
      receive_failed(result.error);
      return true;
    }
    const auto size = static_cast<size_t>(result.bytes);
    count_input(size);
    datagram.data = {buffer_->bytes, size};
    datagram.holder = 4 * size >= 3 * room ? buffer_ : nullptr;
    deliver(datagram);
    if (port_.is_dead()) return true;
    // Others see the bytes of a buffer that was handed out.
    if (datagram.holder != nullptr) std::exchange(buffer_, nullptr)->release();
    if (settings_.active == kPassive) {
      cancel_timers(kReceiveTimer);
      port_.unwatch(descriptor_, readiness::kRead);
      return true;
    }
  }
  return true;
}

void UdpDriver::receive_failed(int error) {
  if (settings_.active != kPassive) return tell(atoms::udp_error, error_atom(error));
  cancel_timers(kReceiveTimer);
  port_.unwatch(descriptor_, readiness::kRead);
  if (operation_) finish_error(*std::exchange(operation_, std::nullopt), error);
}

// The two elements of a message that say who has sent it.
struct From {
  Term address;
  Term port;
};

From make_from(Allocator& heap, const SocketAddress& from) {
  const ByteSpan ip = from.ip();
  if (ip.size() == 4) {
    return {make_tuple(heap, {Term::small(ip[0]), Term::small(ip[1]), Term::small(ip[2]),
                              Term::small(ip[3])}),
            Term::small(from.port())};
  }
  if (ip.size() == 16) {
    Term groups[8];
    for (size_t i = 0; i < 8; ++i) groups[i] = Term::small(ip[2 * i] << 8 | ip[2 * i + 1]);
    return {make_tuple(heap, groups), Term::small(from.port())};
  }
  const SocketFamily family = from.family();
  const Term tag = family == SocketFamily::kLocal         ? atoms::local
                   : family == SocketFamily::kUnspecified ? atoms::unspec
                                                          : atoms::undefined;
  return {make_tuple(heap, {tag, make_binary(heap, from.name())}), Term::small(0)};
}

Term UdpDriver::make_notes(Allocator& heap, const DatagramNotes& notes) const {
  ListBuilder list(heap);
  const auto add = [&](Term name, const std::optional<int>& value) {
    if (value) list.add(make_tuple(heap, {name, Term::small(*value)}));
  };
  add(atoms::tos, notes.type_of_service);
  add(atoms::tclass, notes.traffic_class);
  add(atoms::ttl, notes.time_to_live);
  return list.finish();
}

void UdpDriver::deliver(const Datagram& datagram) {
  const bool with_notes = settings_.wants_notes;
  if (settings_.active == kPassive) {
    if (!operation_) return;
    Allocator scratch;
    std::vector<uint8_t> address;
    write_address(datagram.from, &address);
    Term data = make_data(scratch, datagram.data, datagram.holder);
    data =
        make_string(scratch, {reinterpret_cast<const char*>(address.data()), address.size()}, data);
    if (with_notes) data = make_tuple(scratch, {data, make_notes(scratch, datagram.notes)});
    return finish(*std::exchange(operation_, std::nullopt), make_tuple(scratch, {atoms::ok, data}));
  }
  if (settings_.deliver == kDeliverPort) {
    std::vector<uint8_t> bytes;
    write_address(datagram.from, &bytes);
    bytes.insert(bytes.end(), datagram.data.begin(), datagram.data.end());
    deliver_to_port(bytes);
  } else {
    port_.count_input(datagram.data.size());
    constexpr size_t kMostAddressWords = 64;
    constexpr size_t kMostNoteWords = 3 * 5;
    const size_t words = data_words(datagram.data.size()) + kMostAddressWords + kMostNoteWords + 7;
    send_built(port_.owner(), words, [&](Allocator& heap) {
      const From from = make_from(heap, datagram.from);
      const Term notes = with_notes ? make_notes(heap, datagram.notes) : Term::none();
      const Term data = make_data(heap, datagram.data, datagram.holder);
      return with_notes
                 ? make_tuple(heap, {atoms::udp, port_.id(), from.address, from.port, notes, data})
                 : make_tuple(heap, {atoms::udp, port_.id(), from.address, from.port, data});
    });
  }
  count_active();
}

// --- sending ---

namespace {

bool read_notes(ByteReader data, DatagramNotes* notes) {
  while (!data.at_end()) {
    const uint8_t option = data.u8();
    const int32_t value = data.i32();
    if (!data.ok()) return false;
    if (option == kTypeOfService) {
      notes->type_of_service = value;
    } else if (option == kTrafficClass) {
      notes->traffic_class = value;
    } else if (option == kTimeToLive) {
      notes->time_to_live = value;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

void UdpDriver::output(OutputData data) {
  Sender sender;
  if (!take_sender(data, &sender)) return port_.fail(EINVAL);
  if (!is_open()) return answer_error(sender, error_atom(EINVAL));
  const std::vector<uint8_t> bytes = data.joined();
  ByteReader reader(bytes);
  SocketAddress to;
  if (const char* error = read_address(family_, reader, &to)) {
    return answer_error(sender, must_atom(error));
  }
  DatagramNotes notes;
  const ByteSpan coded_notes = reader.take(reader.u32());
  if (!reader.ok() || !read_notes(ByteReader(coded_notes), &notes)) {
    return answer_error(sender, error_atom(EINVAL));
  }
  const ByteSpan payload[] = {reader.take(reader.remaining())};
  count_output(payload[0].size());
  const StreamResult result = send_datagram(descriptor_, payload, is_connected() ? nullptr : &to,
                                            coded_notes.empty() ? nullptr : &notes);
  if (result.bytes < 0) return answer_error(sender, error_atom(result.error));
  answer(sender, atoms::ok);
}

void UdpDriver::stop() {
  if (operation_) finish_error(*std::exchange(operation_, std::nullopt), Term(atoms::closed));
  cancel_all_timers();
  close_descriptor();
}

}  // namespace

}  // namespace inet

const DriverInfo& udp_driver() {
  static constexpr DriverInfo kInfo{
      .name = "udp_inet",
      .start =
          [](Port& port, const std::string&, const PortOptions&) {
            return DriverStart{.driver = std::make_unique<inet::UdpDriver>(port)};
          },
      .port_locking = true,
      .takes_force = true,
      .ends_at_halt = true,
  };
  return kInfo;
}

}  // namespace joist
