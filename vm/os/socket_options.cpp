#include "vm/os/socket_options.h"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace joist {

namespace {

struct OptionNumbers {
  int level;
  int name;
};

OptionNumbers numbers_of(SocketOption option) {
  switch (option) {
    case SocketOption::kReuseAddress:
      return {SOL_SOCKET, SO_REUSEADDR};
    case SocketOption::kReusePort:
      return {SOL_SOCKET, SO_REUSEPORT};
    case SocketOption::kKeepAlive:
      return {SOL_SOCKET, SO_KEEPALIVE};
    case SocketOption::kDontRoute:
      return {SOL_SOCKET, SO_DONTROUTE};
    case SocketOption::kBroadcast:
      return {SOL_SOCKET, SO_BROADCAST};
    case SocketOption::kUrgentInline:
      return {SOL_SOCKET, SO_OOBINLINE};
    case SocketOption::kSendBuffer:
      return {SOL_SOCKET, SO_SNDBUF};
    case SocketOption::kReceiveBuffer:
      return {SOL_SOCKET, SO_RCVBUF};
    case SocketOption::kPriority:
      return {SOL_SOCKET, SO_PRIORITY};
    case SocketOption::kTypeOfService:
      return {IPPROTO_IP, IP_TOS};
    case SocketOption::kTrafficClass:
      return {IPPROTO_IPV6, IPV6_TCLASS};
    case SocketOption::kTimeToLive:
      return {IPPROTO_IP, IP_TTL};
    case SocketOption::kReceiveTypeOfService:
      return {IPPROTO_IP, IP_RECVTOS};
    case SocketOption::kReceiveTrafficClass:
      return {IPPROTO_IPV6, IPV6_RECVTCLASS};
    case SocketOption::kReceiveTimeToLive:
      return {IPPROTO_IP, IP_RECVTTL};
    case SocketOption::kNoDelay:
      return {IPPROTO_TCP, TCP_NODELAY};
    case SocketOption::kCork:
      return {IPPROTO_TCP, TCP_CORK};
    case SocketOption::kMulticastTimeToLive:
      return {IPPROTO_IP, IP_MULTICAST_TTL};
    case SocketOption::kMulticastLoop:
      return {IPPROTO_IP, IP_MULTICAST_LOOP};
    case SocketOption::kOnlyInet6:
      return {IPPROTO_IPV6, IPV6_V6ONLY};
    case SocketOption::kKeepCount:
      return {IPPROTO_TCP, TCP_KEEPCNT};
    case SocketOption::kKeepIdle:
      return {IPPROTO_TCP, TCP_KEEPIDLE};
    case SocketOption::kKeepInterval:
      return {IPPROTO_TCP, TCP_KEEPINTVL};
    case SocketOption::kUserTimeout:
      return {IPPROTO_TCP, TCP_USER_TIMEOUT};
  }
  return {-1, -1};
}

template <typename T>
int set(int descriptor, int level, int name, const T& value) {
  return setsockopt(descriptor, level, name, &value, sizeof value) < 0 ? errno : 0;
}
template <typename T>
int get(int descriptor, int level, int name, T* value) {
  socklen_t size = sizeof *value;
  return getsockopt(descriptor, level, name, value, &size) < 0 ? errno : 0;
}

}  // namespace

// Linux sets the priority when the type of service is set; callers see two options that have
// nothing to do with each other. Some values of it may be had but not set: that is no error.
int set_socket_option(int descriptor, SocketOption option, int value) {
  const OptionNumbers numbers = numbers_of(option);
  if (option != SocketOption::kTypeOfService) {
    return set(descriptor, numbers.level, numbers.name, value);
  }
  int priority = 0;
  const bool knows = get_socket_option(descriptor, SocketOption::kPriority, &priority) == 0;
  int error = set(descriptor, numbers.level, numbers.name, value);
  if (error == 0 && knows) error = set(descriptor, SOL_SOCKET, SO_PRIORITY, priority);
  return error == EPERM ? 0 : error;
}

int get_socket_option(int descriptor, SocketOption option, int* value) {
  const OptionNumbers numbers = numbers_of(option);
  *value = 0;
  return get(descriptor, numbers.level, numbers.name, value);
}

int set_linger(int descriptor, const Linger& linger) {
  return set(descriptor, SOL_SOCKET, SO_LINGER, ::linger{linger.on, linger.seconds});
}

int get_linger(int descriptor, Linger* linger) {
  ::linger value{};
  const int error = get(descriptor, SOL_SOCKET, SO_LINGER, &value);
  *linger = {value.l_onoff, value.l_linger};
  return error;
}

int set_multicast_interface(int descriptor, SocketFamily family, uint32_t value) {
  if (family == SocketFamily::kInet) return set(descriptor, IPPROTO_IP, IP_MULTICAST_IF, value);
  if (family == SocketFamily::kInet6) {
    return set(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_IF, value);
  }
  return EINVAL;
}

int get_multicast_interface(int descriptor, SocketFamily family, uint32_t* value) {
  *value = 0;
  if (family == SocketFamily::kInet) return get(descriptor, IPPROTO_IP, IP_MULTICAST_IF, value);
  if (family == SocketFamily::kInet6) {
    return get(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_IF, value);
  }
  return EINVAL;
}

int change_membership(int descriptor, SocketFamily family, bool joins, const Membership& which) {
  if (family == SocketFamily::kInet6) {
    ipv6_mreq request{};
    std::memcpy(&request.ipv6mr_multiaddr, which.group.data(), sizeof request.ipv6mr_multiaddr);
    request.ipv6mr_interface = which.index;
    return set(descriptor, IPPROTO_IPV6, joins ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP,
               request);
  }
  ip_mreqn request{};
  std::memcpy(&request.imr_multiaddr, which.group.data(), sizeof request.imr_multiaddr);
  std::memcpy(&request.imr_address, which.interface.data(), sizeof request.imr_address);
  request.imr_ifindex = static_cast<int>(which.index);
  return set(descriptor, IPPROTO_IP, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, request);
}

int bind_to_device(int descriptor, ByteSpan name) {
  char text[IFNAMSIZ] = {};
  if (name.size() >= sizeof text) return EINVAL;
  std::copy(name.begin(), name.end(), text);
  return set(descriptor, SOL_SOCKET, SO_BINDTODEVICE, text);
}

int bound_device(int descriptor, std::vector<uint8_t>* name) {
  name->assign(IFNAMSIZ, 0);
  const int error = get_raw_option(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name);
  name->erase(std::find(name->begin(), name->end(), 0), name->end());
  return error;
}

int set_raw_option(int descriptor, int level, int name, ByteSpan value) {
  const auto size = static_cast<socklen_t>(value.size());
  return setsockopt(descriptor, level, name, value.data(), size) < 0 ? errno : 0;
}

int get_raw_option(int descriptor, int level, int name, std::vector<uint8_t>* value) {
  auto size = static_cast<socklen_t>(value->size());
  if (getsockopt(descriptor, level, name, value->data(), &size) < 0) return errno;
  value->resize(size);
  return 0;
}

}  // namespace joist
