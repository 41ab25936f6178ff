#include "vm/io/inet/interfaces.h"

#include <cerrno>

#include "vm/os/network.h"

namespace joist::inet {

namespace {

enum InterfaceItem : uint8_t {
  kAddress = 1,
  kBroadcastAddress = 2,
  kOtherEnd = 3,
  kMtu = 4,
  kNetmask = 5,
  kFlags = 6,
  kHardwareAddress = 7,
};

void put_ip(uint8_t item, const SocketAddress& address, Reply& reply) {
  const ByteSpan ip = address.ip();
  if (ip.empty()) return;
  reply.u8(item);
  reply.u8(ip.size() == 4 ? kTagInet : kTagInet6);
  reply.bytes().insert(reply.bytes().end(), ip.begin(), ip.end());
}

void put_hardware(const std::vector<uint8_t>& address, Reply& reply) {
  reply.u8(kHardwareAddress);
  reply.u16(static_cast<uint32_t>(address.size()));
  reply.bytes().insert(reply.bytes().end(), address.begin(), address.end());
}

// Bytes of a name as UTF-8, each a character.
void put_name(const std::string& name, Reply& reply) {
  for (const char character : name) {
    const auto byte = static_cast<uint8_t>(character);
    if (byte < 0x80) {
      reply.u8(byte);
    } else {
      reply.u8(static_cast<uint8_t>(0xc0 | byte >> 6));
      reply.u8(static_cast<uint8_t>(0x80 | (byte & 0x3f)));
    }
  }
  reply.u8(0);
}

// name 0 item... 0, for each address of each interface
void put_addresses(Reply& reply) {
  std::vector<InterfaceAddress> all;
  if (const int error = interface_addresses(&all); error != 0) return reply.error(error);
  reply.ok();
  for (const InterfaceAddress& one : all) {
    put_name(one.name, reply);
    reply.u8(kFlags);
    reply.u32(one.flags);
    put_ip(kAddress, one.address, reply);
    put_ip(kNetmask, one.netmask, reply);
    put_ip(kOtherEnd, one.other_end, reply);
    put_ip(kBroadcastAddress, one.broadcast, reply);
    if (one.has_hardware_address && !one.hardware_address.empty()) {
      put_hardware(one.hardware_address, reply);
    }
    reply.u8(0);
  }
}

void put_names(int descriptor, Reply& reply) {
  std::vector<std::string> names;
  if (const int error = interface_names(descriptor, &names); error != 0) {
    return reply.error(error);
  }
  reply.ok();
  for (const std::string& name : names) {
    reply.bytes().insert(reply.bytes().end(), name.begin(), name.end());
    reply.u8(0);
  }
}

void put_if_known(uint8_t item, int descriptor, const std::string& name, InterfaceIp which,
                  Reply& reply) {
  SocketAddress ip;
  if (interface_ip(descriptor, name, which, &ip)) put_ip(item, ip, reply);
}

bool put_item(uint8_t item, int descriptor, const std::string& name, Reply& reply) {
  uint32_t number = 0;
  std::vector<uint8_t> address;
  switch (item) {
    case kAddress:
      put_if_known(item, descriptor, name, InterfaceIp::kAddress, reply);
      return true;
    case kBroadcastAddress:
      put_if_known(item, descriptor, name, InterfaceIp::kBroadcast, reply);
      return true;
    case kOtherEnd:
      put_if_known(item, descriptor, name, InterfaceIp::kOtherEnd, reply);
      return true;
    case kNetmask:
      put_if_known(item, descriptor, name, InterfaceIp::kNetmask, reply);
      return true;
    case kMtu:
      if (!interface_mtu(descriptor, name, &number)) return true;
      reply.u8(item);
      reply.u32(number);
      return true;
    case kFlags:
      interface_flags(descriptor, name, &number);
      reply.u8(item);
      reply.u32(number);
      return true;
    case kHardwareAddress:
      if (interface_hardware(descriptor, name, &address)) put_hardware(address, reply);
      return true;
    default:
      return false;
  }
}

// length:8 name item...
void get_interface(ByteReader data, int descriptor, Reply& reply) {
  const ByteSpan bytes = data.take(data.u8());
  if (!data.ok()) return reply.error(EINVAL);
  const std::string name(bytes.begin(), bytes.end());
  reply.ok();
  while (!data.at_end()) {
    if (!put_item(data.u8(), descriptor, name, reply)) return reply.error(EINVAL);
  }
}

}  // namespace

void interface_request(uint32_t request, ByteReader data, int descriptor, Reply& reply) {
  switch (request) {
    case kInterfaceNames:
      return put_names(descriptor, reply);
    case kGetInterface:
      return get_interface(data, descriptor, reply);
    case kInterfaceAddresses:
      return put_addresses(reply);
    default:  // interfaces are not changed
      return reply.error(ENOTSUP);
  }
}

}  // namespace joist::inet
