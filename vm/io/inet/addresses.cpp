#include "vm/io/inet/addresses.h"

#include "vm/io/inet/requests.h"

namespace joist::inet {

namespace {

constexpr const char* kInvalid = "einval";
constexpr const char* kNoFamily = "eafnosupport";

const char* read_inet(ByteReader& reader, SocketAddress* address) {
  const uint16_t port = reader.u16();
  const ByteSpan ip = reader.take(4);
  if (!reader.ok()) return kInvalid;
  *address = SocketAddress::inet(ip, port);
  return nullptr;
}

const char* read_inet6(ByteReader& reader, SocketAddress* address) {
  const uint16_t port = reader.u16();
  const ByteSpan ip = reader.take(16);
  const uint32_t flow_info = reader.u32();
  const uint32_t scope = reader.u32();
  if (!reader.ok()) return kInvalid;
  *address = SocketAddress::inet6(ip, port, flow_info, scope);
  return nullptr;
}

const char* read_local(ByteReader& reader, SocketAddress* address) {
  const ByteSpan name = reader.take(reader.u8());
  if (!reader.ok()) return kInvalid;
  const std::optional<SocketAddress> local = SocketAddress::local(name);
  if (!local) return kInvalid;
  *address = *local;
  return nullptr;
}

}  // namespace

const char* read_address(SocketFamily family, ByteReader& reader, SocketAddress* address) {
  const uint8_t tag = reader.u8();
  if (!reader.ok()) return kInvalid;
  switch (tag) {
    case kTagInet:
      return read_inet(reader, address);
    case kTagInet6:
      return read_inet6(reader, address);
    case kTagLocal:
      return read_local(reader, address);
    case kTagAny:
    case kTagLoopback: {
      const uint16_t port = reader.u16();
      const bool has_ip = family == SocketFamily::kInet || family == SocketFamily::kInet6;
      if (!reader.ok() || !has_ip) return kInvalid;
      *address =
          tag == kTagAny ? SocketAddress::any(family, port) : SocketAddress::loopback(family, port);
      return nullptr;
    }
    default:
      return kNoFamily;
  }
}

bool write_address(const SocketAddress& address, std::vector<uint8_t>* to) {
  switch (address.family()) {
    case SocketFamily::kInet:
    case SocketFamily::kInet6: {
      const bool six = address.family() == SocketFamily::kInet6;
      const ByteSpan ip = address.ip();
      to->push_back(six ? kTagInet6 : kTagInet);
      to->push_back(static_cast<uint8_t>(address.port() >> 8));
      to->push_back(static_cast<uint8_t>(address.port()));
      to->insert(to->end(), ip.begin(), ip.end());
      return true;
    }
    case SocketFamily::kLocal: {
      const ByteSpan name = address.name();
      to->push_back(kTagLocal);
      to->push_back(static_cast<uint8_t>(name.size()));
      to->insert(to->end(), name.begin(), name.end());
      return true;
    }
    case SocketFamily::kUnspecified:
      to->push_back(kTagUnspecified);
      return false;
    case SocketFamily::kOther:
      break;
  }
  to->push_back(kTagUndefined);
  return false;
}

}  // namespace joist::inet
