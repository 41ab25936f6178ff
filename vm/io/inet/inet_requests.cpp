// Requests that all kinds of sockets answer alike.
#include <cerrno>

#include "vm/io/inet/addresses.h"
#include "vm/io/inet/inet_driver.h"
#include "vm/io/inet/interfaces.h"
#include "vm/os/network.h"

namespace joist::inet {

namespace {

constexpr const char* kBadPort = "exbadport";
constexpr const char* kBadSequence = "exbadseq";

bool family_of(uint8_t tag, SocketFamily* family) {
  switch (tag) {
    case kTagInet:
      *family = SocketFamily::kInet;
      return true;
    case kTagInet6:
      *family = SocketFamily::kInet6;
      return true;
    case kTagLocal:
      *family = SocketFamily::kLocal;
      return true;
    default:
      return false;
  }
}

// name: length:8 bytes
std::string read_name(ByteReader& data) {
  const ByteSpan name = data.take(data.u8());
  return {name.begin(), name.end()};
}

void service_port(ByteReader data, Reply& reply) {
  const std::string name = read_name(data);
  const std::string protocol = read_name(data);
  uint16_t port;
  if (!data.ok() || !find_service_port(name, protocol, &port)) return reply.error(EINVAL);
  reply.ok();
  reply.u16(port);
}

void service_name(ByteReader data, Reply& reply) {
  const uint16_t port = data.u16();
  const std::string protocol = read_name(data);
  std::string name;
  if (!data.ok() || !find_service_name(port, protocol, &name)) return reply.error(EINVAL);
  reply.ok({reinterpret_cast<const uint8_t*>(name.data()), name.size()});
}

void get_host_name(ByteReader data, Reply& reply) {
  std::string name;
  if (!data.at_end()) return reply.error(EINVAL);
  if (const int error = host_name(&name); error != 0) return reply.error(error);
  reply.ok({reinterpret_cast<const uint8_t*>(name.data()), name.size()});
}

}  // namespace

// --- open and close ---

// family:8 type:8 [protocol:8], the last from OTP 29 on
void InetDriver::open(ByteReader data, uint8_t type_tag, Reply& reply) {
  SocketFamily family;
  const uint8_t family_tag = data.u8();
  const uint8_t type = data.u8();
  const uint8_t protocol = data.at_end() ? kProtocolDefault : data.u8();
  if (!data.ok() || !data.at_end()) return reply.error(EINVAL);
  if (!family_of(family_tag, &family)) return reply.error("eafnosupport");
  if (type != type_tag) return reply.error(EINVAL);
  const bool multipath = protocol == kProtocolMultipath;
  const uint8_t usual = type_tag == kTypeStream ? kProtocolTcp : kProtocolUdp;
  if (multipath ? type_tag != kTypeStream : protocol != kProtocolDefault && protocol != usual) {
    return reply.error(EINVAL);
  }
  if (state_ != 0) return reply.error(kBadSequence);
  const auto& space = settings_.network_namespace;
  const std::string path(space.begin(), space.end());
  if (const int error = open_socket(family, kind_, multipath, path, &descriptor_); error != 0) {
    descriptor_ = -1;
    return reply.error(error);
  }
  state_ = kStateOpen;
  family_ = family;
  reply.ok();
}

// family:8 type:8 descriptor:32 [bound:32]
void InetDriver::open_descriptor(ByteReader data, uint8_t type_tag, Reply& reply) {
  SocketFamily family;
  const uint8_t family_tag = data.u8();
  const uint8_t type = data.u8();
  const auto descriptor = static_cast<int>(data.u32());
  const bool is_bound = data.at_end() || data.u32() != 0;
  if (!data.ok() || !data.at_end()) return reply.error(EINVAL);
  if (!family_of(family_tag, &family)) return reply.error("eafnosupport");
  if (type != type_tag) return reply.error(EINVAL);
  SocketAddress name;
  if (is_bound) {
    if (const int error = socket_name(descriptor, &name); error != 0) return reply.error(error);
    if (name.family() != family) return reply.error(EINVAL);
  }
  set_blocking(descriptor, false);
  descriptor_ = descriptor;
  family_ = family;
  is_lent_ = true;
  state_ = kStateOpen;
  if (kind_ == SocketKind::kStream && peer_name(descriptor, &name) == 0) state_ |= kStateActive;
  reply.ok();
}

void InetDriver::bind(ByteReader data, Reply& reply) {
  if (data.remaining() < 2) return reply.error(EINVAL);
  if (state_ != kStateOpen) return reply.error(kBadPort);
  SocketAddress address;
  if (const char* error = read_address(family_, data, &address)) return reply.error(error);
  if (const int error = bind_socket(descriptor_, address); error != 0) return reply.error(error);
  if (address.port() == 0) socket_name(descriptor_, &address);
  reply.ok();
  reply.u16(address.port());
}

// --- what it is ---

void InetDriver::get_status(Reply& reply) {
  reply.ok();
  reply.u32(state_);
}

void InetDriver::get_type(Reply& reply) {
  if (family_ == SocketFamily::kUnspecified) return reply.error(EINVAL);
  reply.ok();
  reply.u32(family_ == SocketFamily::kInet    ? kTagInet
            : family_ == SocketFamily::kInet6 ? kTagInet6
                                              : kTagLocal);
  reply.u32(kind_ == SocketKind::kStream ? kTypeStream : kTypeDatagram);
}

void InetDriver::reply_name(int error, const SocketAddress& name, Reply& reply) {
  if (error != 0) return reply.error(error);
  reply.ok();
  if (!write_address(name, &reply.bytes())) reply.error(EINVAL);
}

void InetDriver::set_fake_name(std::unique_ptr<SocketAddress>* name, ByteReader data,
                               Reply& reply) {
  if (data.at_end()) {
    name->reset();
    return reply.ok();
  }
  if (data.remaining() < 2) return reply.error(EINVAL);
  auto address = std::make_unique<SocketAddress>();
  if (const char* error = read_address(family_, data, address.get())) return reply.error(error);
  *name = std::move(address);
  reply.ok();
}

void InetDriver::ignore_descriptor(bool, Reply& reply) { reply.error(EINVAL); }

void InetDriver::common_request(uint32_t request, ByteReader data, Reply& reply) {
  SocketAddress name;
  switch (request) {
    case kBind:
      return bind(data, reply);
    case kSetOptions: {
      bool ended = false;
      const Settings before = settings_;
      const bool done = set_options(data, &ended);
      if (ended) return reply.ok();
      if (!done) return reply.error(EINVAL);
      reply.ok();
      return options_changed(before);
    }
    case kGetOptions:
      if (!get_options(data, reply)) reply.error(EINVAL);
      return;
    case kGetStatistics:
      return get_statistics(data, reply);
    case kSubscribe:
      return subscribe(data, reply);
    case kGetStatus:
      return get_status(reply);
    case kGetType:
      return get_type(reply);
    case kGetDescriptor:
      if (!is_open()) return reply.error(EINVAL);
      reply.ok();
      return reply.u32(static_cast<uint32_t>(descriptor_));
    case kSocketName:
    case kSocketNames:
      if (request == kSocketName && fake_name_ != nullptr) return reply_name(0, *fake_name_, reply);
      if (request == kSocketNames && !is_open()) return reply.error(kBadPort);
      return reply_name(socket_name(descriptor_, &name), name, reply);
    case kPeerName:
    case kPeerNames:
      if (request == kPeerName && !is_connected()) return reply.error(ENOTCONN);
      if (request == kPeerName && fake_peer_ != nullptr) return reply_name(0, *fake_peer_, reply);
      if (request == kPeerNames && !is_open()) return reply.error(kBadPort);
      return reply_name(peer_name(descriptor_, &name), name, reply);
    case kSetSocketName:
      return set_fake_name(&fake_name_, data, reply);
    case kSetPeerName:
      return set_fake_name(&fake_peer_, data, reply);
    case kIgnoreDescriptor:
      if (!is_connected()) return reply.error(ENOTCONN);
      return ignore_descriptor(data.u8() == 1, reply);
    case kGetHostName:
      return get_host_name(data, reply);
    case kServicePort:
      return service_port(data, reply);
    case kServiceName:
      return service_name(data, reply);
    case kInterfaceNames:
    case kGetInterface:
    case kSetInterface:
    case kInterfaceAddresses:
      if (!is_open()) return reply.error(kBadPort);
      return interface_request(request, data, descriptor_, reply);
    default:
      return reply.error(kBadPort);
  }
}

}  // namespace joist::inet
