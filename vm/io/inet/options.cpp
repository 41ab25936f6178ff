// setopts and getopts: a list of
//
//   option:8 value:32 [more, of its own]
//
// and back. Options that the OS does not know are no error where OTP does not make them one.
#include "vm/os/socket_options.h"

#include <cerrno>
#include <climits>
#include <cstring>

#include "vm/io/inet/inet_driver.h"

namespace joist::inet {

namespace {

constexpr size_t kMostOptionBytes = 64 * 1024;

struct SystemOption {
  Option code;
  SocketOption option;
  bool must_work;  // a failure to set it is the caller's affair
};
constexpr SystemOption kSystemOptions[] = {
    {kReuseAddress, SocketOption::kReuseAddress, false},
    {kReusePort, SocketOption::kReusePort, false},
    {kReusePortBalanced, SocketOption::kReusePort, false},
    {kKeepAlive, SocketOption::kKeepAlive, false},
    {kDontRoute, SocketOption::kDontRoute, false},
    {kBroadcast, SocketOption::kBroadcast, false},
    {kUrgentInline, SocketOption::kUrgentInline, false},
    {kSendBuffer, SocketOption::kSendBuffer, false},
    {kReceiveBuffer, SocketOption::kReceiveBuffer, false},
    {kPriority, SocketOption::kPriority, true},
    {kTypeOfService, SocketOption::kTypeOfService, true},
    {kTrafficClass, SocketOption::kTrafficClass, true},
    {kTimeToLive, SocketOption::kTimeToLive, true},
    {kReceiveTypeOfService, SocketOption::kReceiveTypeOfService, true},
    {kReceiveTrafficClass, SocketOption::kReceiveTrafficClass, true},
    {kReceiveTimeToLive, SocketOption::kReceiveTimeToLive, true},
    {kNoDelay, SocketOption::kNoDelay, false},
    {kNoPush, SocketOption::kCork, false},
    {kMulticastTimeToLive, SocketOption::kMulticastTimeToLive, false},
    {kMulticastLoop, SocketOption::kMulticastLoop, false},
    {kOnlyInet6, SocketOption::kOnlyInet6, true},
    {kKeepCount, SocketOption::kKeepCount, true},
    {kKeepIdle, SocketOption::kKeepIdle, true},
    {kKeepInterval, SocketOption::kKeepInterval, true},
    {kUserTimeout, SocketOption::kUserTimeout, true},
};

const SystemOption* find_system_option(uint8_t code) {
  for (const SystemOption& option : kSystemOptions) {
    if (option.code == code) return &option;
  }
  return nullptr;
}

}  // namespace

// --- set ---

bool InetDriver::set_options(ByteReader data, bool* ended) {
  while (data.remaining() >= 5) {
    const uint8_t option = data.u8();
    const int32_t value = data.i32();
    bool is_setting = false;
    if (!set_setting(option, value, data, &is_setting, ended)) return false;
    if (*ended) return true;
    if (!is_setting && !set_system_option(option, value, data)) return false;
    if (!data.ok()) return false;
  }
  return true;
}

bool InetDriver::set_active(uint32_t value, ByteReader& data, bool* ended) {
  settings_.active = value;
  if (value == kActiveCounted) {
    const int32_t count = settings_.active_count + static_cast<int16_t>(data.u16());
    if (count > INT16_MAX || count < INT16_MIN) return false;
    settings_.active_count = std::max(count, 0);
    if (settings_.active_count == 0) {
      settings_.active = kPassive;
      tell_passive();
    }
  } else {
    settings_.active_count = 0;
  }
  if (settings_.active != kPassive && state_ == 0) *ended = !activated_when_closed();
  return true;
}

bool InetDriver::set_setting(uint8_t option, int32_t value, ByteReader& data, bool* known,
                             bool* ended) {
  const auto number = static_cast<uint32_t>(value);
  const bool is_stream = kind_ == SocketKind::kStream;
  *known = true;
  switch (option) {
    case kHeader:
      settings_.header = number;
      return true;
    case kMode:
      settings_.mode = number;
      return true;
    case kDeliver:
      settings_.deliver = number;
      return true;
    case kBuffer:
      settings_.buffer = value < 1 ? 1 : number;
      settings_.buffer_is_set = true;
      return true;
    case kActive:
      return set_active(number, data, ended);
    case kPacket:
      settings_.packet = number;
      return true;
    case kPacketSize:
      settings_.packet_size = number;
      return true;
    case kExitOnClose:
      settings_.exit_on_close = number;
      return true;
    case kHighWatermark:
      if (!is_stream) return true;
      settings_.high_watermark = std::max(value, 0);
      settings_.low_watermark = std::min(settings_.low_watermark, settings_.high_watermark);
      return true;
    case kLowWatermark:
      if (!is_stream) return true;
      settings_.low_watermark = std::max(value, 0);
      settings_.high_watermark = std::max(settings_.high_watermark, settings_.low_watermark);
      return true;
    case kHighQueueWatermark:
    case kLowQueueWatermark: {
      if (value < 1) return false;
      BusyLimits limits = port_.queue_limits();
      if (option == kHighQueueWatermark) {
        limits.high = number;
        limits.low = std::min(limits.low, limits.high);
      } else {
        limits.low = number;
        limits.high = std::max(limits.low, limits.high);
      }
      port_.set_queue_limits(limits);
      return true;
    }
    case kSendTimeout:
      settings_.send_timeout = number;
      return true;
    case kSendTimeoutClose:
      settings_.send_timeout_close = number;
      return true;
    case kDelaySend:
      settings_.delay_send = value != 0;
      return true;
    case kReadPackets:
      if (!is_stream && value <= 0) return false;
      settings_.read_packets = value;
      return true;
    case kNamespace: {
      const ByteSpan path = data.take(number);
      settings_.network_namespace.assign(path.begin(), path.end());
      settings_.has_namespace = true;
      return data.ok();
    }
    case kShowReset:
      settings_.show_reset = value != 0;
      return true;
    case kLineDelimiter:
      settings_.line_delimiter = static_cast<uint8_t>(number);
      return true;
    case kReadAhead:
      settings_.read_ahead = value != 0;
      return true;
    case kExclusiveAddress:  // of another OS
      return true;
    case kDebug:
      settings_.debug = number;
      return true;
    default:
      *known = false;
      return true;
  }
}

bool InetDriver::set_notes(uint8_t option, int32_t value) {
  const bool on = value != 0;
  if (option == kReceiveTypeOfService) settings_.notes_type_of_service = on;
  if (option == kReceiveTrafficClass) settings_.notes_traffic_class = on;
  if (option == kReceiveTimeToLive) settings_.notes_time_to_live = on;
  settings_.wants_notes = settings_.notes_type_of_service || settings_.notes_traffic_class ||
                          settings_.notes_time_to_live;
  return true;
}

bool InetDriver::set_system_option(uint8_t option, int32_t value, ByteReader& data) {
  switch (option) {
    case kLinger: {
      const Linger linger{value, data.i32()};
      if (!data.ok()) return false;
      settings_.lingers_not = linger.on != 0 && linger.seconds == 0;
      set_linger(descriptor_, linger);
      return true;
    }
    case kMulticastInterface: {
      uint32_t number = static_cast<uint32_t>(value);
      if (family_ == SocketFamily::kInet) number = __builtin_bswap32(number);
      return set_multicast_interface(descriptor_, family_, number) != EINVAL ||
             family_ == SocketFamily::kInet || family_ == SocketFamily::kInet6;
    }
    case kAddMembership:
    case kDropMembership:
      return set_membership(option == kAddMembership, value, data);
    case kRaw: {
      const int32_t name = data.i32();
      const ByteSpan bytes = data.take(data.u32());
      if (data.ok()) set_raw_option(descriptor_, value, name, bytes);
      return data.ok();
    }
    case kBindToDevice: {
      const ByteSpan name = data.take(static_cast<uint32_t>(value));
      return data.ok() && bind_to_device(descriptor_, name) == 0;
    }
    default:
      break;
  }
  const SystemOption* known = find_system_option(option);
  if (known == nullptr) return false;
  if (option == kReceiveBuffer && !settings_.buffer_is_set) {
    // What the OS keeps fits into one read; datagrams are never longer than that.
    const int64_t most = kind_ == SocketKind::kDatagram ? 1 << 16 : INT_MAX;
    if (value > 1 << 16 && kind_ == SocketKind::kDatagram) {
      settings_.buffer = static_cast<uint32_t>(most);
    } else if (value > static_cast<int64_t>(settings_.buffer)) {
      settings_.buffer = static_cast<uint32_t>(value);
    }
  }
  const int error = set_socket_option(descriptor_, known->option, value);
  if (error == 0) return set_notes(option, value);
  return !known->must_work;
}

// tag:32 interface:32 group, and an address of 4 bytes for inet
bool InetDriver::set_membership(bool joins, int32_t tag, ByteReader& data) {
  Membership which;
  which.index = data.u32();
  const bool six = tag == kTagInet6;
  if (!six && tag != kTagInet) return false;
  which.group = data.take(six ? 16 : 4);
  if (!six) which.interface = data.take(4);
  if (!data.ok() || family_ != (six ? SocketFamily::kInet6 : SocketFamily::kInet)) return false;
  change_membership(descriptor_, family_, joins, which);
  return true;
}

// --- get ---

bool InetDriver::get_options(ByteReader data, Reply& reply) {
  reply.ok();
  while (!data.at_end()) {
    const uint8_t option = data.u8();
    if (!get_setting(option, reply) && !get_system_option(option, data, reply)) return false;
    if (!data.ok() || reply.bytes().size() > kMostOptionBytes) return false;
  }
  return true;
}

// False: it is no setting.
bool InetDriver::get_setting(uint8_t option, Reply& reply) {
  const bool is_stream = kind_ == SocketKind::kStream;
  const auto put = [&](uint64_t value) {
    reply.u8(option);
    reply.u32(static_cast<uint32_t>(value));
    return true;
  };
  const auto put_of_stream = [&](uint64_t value) { return is_stream ? put(value) : true; };
  const auto limit = [](size_t value) { return std::min<size_t>(value, INT_MAX); };
  switch (option) {
    case kBuffer:
      return put(settings_.buffer);
    case kHeader:
      return put(settings_.header);
    case kMode:
      return put(settings_.mode);
    case kDeliver:
      return put(settings_.deliver);
    case kActive:
      put(settings_.active);
      if (settings_.active == kActiveCounted) {
        reply.u16(static_cast<uint32_t>(settings_.active_count));
      }
      return true;
    case kPacket:
      return put(settings_.packet);
    case kPacketSize:
      return put(settings_.packet_size);
    case kExitOnClose:
      return put(settings_.exit_on_close);
    case kHighWatermark:
      return put_of_stream(static_cast<uint32_t>(settings_.high_watermark));
    case kLowWatermark:
      return put_of_stream(static_cast<uint32_t>(settings_.low_watermark));
    case kHighQueueWatermark:
      return put(limit(port_.queue_limits().high));
    case kLowQueueWatermark:
      return put(limit(port_.queue_limits().low));
    case kSendTimeout:
      return put_of_stream(settings_.send_timeout);
    case kSendTimeoutClose:
      return put_of_stream(settings_.send_timeout_close);
    case kDelaySend:
      return put_of_stream(settings_.delay_send ? 1 : 0);
    case kReadPackets:
      return is_stream ? true : put(static_cast<uint32_t>(settings_.read_packets));
    case kNamespace: {
      if (!settings_.has_namespace) return true;
      const auto& path = settings_.network_namespace;
      put(path.size());
      reply.bytes().insert(reply.bytes().end(), path.begin(), path.end());
      return true;
    }
    case kShowReset:
      return put_of_stream(settings_.show_reset ? 1 : 0);
    case kReadAhead:
      return put_of_stream(settings_.read_ahead ? 1 : 0);
    case kDebug:
      return put(settings_.debug);
    default:
      return false;
  }
}

// What the OS does not tell is left out. False: no such option, or not in this family.
bool InetDriver::get_system_option(uint8_t option, ByteReader& data, Reply& reply) {
  switch (option) {
    case kLinger: {
      Linger linger;
      if (get_linger(descriptor_, &linger) != 0) return true;
      reply.u8(option);
      reply.u32(static_cast<uint32_t>(linger.on));
      reply.u32(static_cast<uint32_t>(linger.seconds));
      return true;
    }
    case kMulticastInterface: {
      uint32_t value;
      const int error = get_multicast_interface(descriptor_, family_, &value);
      const bool six = family_ == SocketFamily::kInet6;
      if (!six && family_ != SocketFamily::kInet) return false;
      if (error != 0) return true;
      reply.u8(option);
      reply.u32(six ? value : __builtin_bswap32(value));
      reply.u32(six ? kTagInet6 : kTagInet);
      return true;
    }
    case kRaw:
      return get_raw(data, reply);
    case kBindToDevice: {
      std::vector<uint8_t> name;
      if (bound_device(descriptor_, &name) != 0) return true;
      reply.u8(option);
      reply.u32(static_cast<uint32_t>(name.size()));
      reply.bytes().insert(reply.bytes().end(), name.begin(), name.end());
      return true;
    }
    case kPacketOptions:
      if (family_ != SocketFamily::kInet && family_ != SocketFamily::kInet6) return false;
      get_notes(reply);
      return true;
    case kExclusiveAddress:
      return true;
    default:
      break;
  }
  const SystemOption* known = find_system_option(option);
  if (known == nullptr) return false;
  int value;
  if (get_socket_option(descriptor_, known->option, &value) != 0) return true;
  reply.u8(option);
  reply.u32(static_cast<uint32_t>(value));
  return true;
}

// level:32 name:32 has_bytes:8 size:32 [bytes]
bool InetDriver::get_raw(ByteReader& data, Reply& reply) {
  const int32_t level = data.i32();
  const int32_t name = data.i32();
  const bool has_bytes = data.u8() != 0;
  const uint32_t size = data.u32();
  if (!data.ok() || reply.bytes().size() + 13 + size > kMostOptionBytes) return false;
  std::vector<uint8_t> value(size);
  if (has_bytes) {
    const ByteSpan given = data.take(size);
    if (!data.ok()) return false;
    value.assign(given.begin(), given.end());
  }
  if (get_raw_option(descriptor_, level, name, &value) != 0) return true;
  reply.u8(kRaw);
  reply.u32(static_cast<uint32_t>(level));
  reply.u32(static_cast<uint32_t>(name));
  reply.u32(static_cast<uint32_t>(value.size()));
  reply.bytes().insert(reply.bytes().end(), value.begin(), value.end());
  return true;
}

void InetDriver::get_notes(Reply& reply) {
  DatagramNotes notes;
  if (connection_notes(descriptor_, family_, &notes) != 0) return;
  const std::pair<Option, std::optional<int>> all[] = {{kTypeOfService, notes.type_of_service},
                                                       {kTrafficClass, notes.traffic_class},
                                                       {kTimeToLive, notes.time_to_live}};
  uint32_t size = 0;
  for (const auto& [option, value] : all) size += value ? 5 : 0;
  reply.u8(kPacketOptions);
  reply.u32(size);
  for (const auto& [option, value] : all) {
    if (!value) continue;
    reply.u8(option);
    reply.u32(static_cast<uint32_t>(*value));
  }
}

}  // namespace joist::inet
