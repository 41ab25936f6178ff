#include "vm/os/network.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace joist {

namespace {

constexpr size_t kServiceBytes = 4096;

}  // namespace

int host_name(std::string* name) {
  char text[256];
  if (gethostname(text, sizeof text) != 0) return errno;
  text[sizeof text - 1] = 0;
  *name = text;
  return 0;
}

bool find_service_port(const std::string& name, const std::string& protocol, uint16_t* port) {
  servent entry;
  servent* found = nullptr;
  char buffer[kServiceBytes];
  getservbyname_r(name.c_str(), protocol.c_str(), &entry, buffer, sizeof buffer, &found);
  if (found == nullptr) return false;
  *port = ntohs(static_cast<uint16_t>(found->s_port));
  return true;
}

bool find_service_name(uint16_t port, const std::string& protocol, std::string* name) {
  servent entry;
  servent* found = nullptr;
  char buffer[kServiceBytes];
  getservbyport_r(htons(port), protocol.c_str(), &entry, buffer, sizeof buffer, &found);
  if (found == nullptr) return false;
  *name = found->s_name;
  return true;
}

// --- interfaces ---

namespace {

uint32_t flags_of(unsigned system_flags) {
  constexpr std::pair<unsigned, uint32_t> kFlags[] = {
      {IFF_UP, InterfaceAddress::kUp},
      {IFF_BROADCAST, InterfaceAddress::kBroadcast},
      {IFF_LOOPBACK, InterfaceAddress::kLoopback},
      {IFF_POINTOPOINT, InterfaceAddress::kPointToPoint},
      {IFF_RUNNING, InterfaceAddress::kRunning},
      {IFF_MULTICAST, InterfaceAddress::kMulticast},
  };
  uint32_t flags = 0;
  for (const auto& [system_flag, flag] : kFlags) {
    if ((system_flags & system_flag) != 0) flags |= flag;
  }
  return flags;
}

SocketAddress copy_address(const sockaddr* from) {
  SocketAddress address;
  if (from == nullptr) return address;
  const size_t size = from->sa_family == AF_INET    ? sizeof(sockaddr_in)
                      : from->sa_family == AF_INET6 ? sizeof(sockaddr_in6)
                                                    : 0;
  if (size == 0) return address;
  std::memcpy(address.data(), from, size);
  address.set_size(static_cast<uint32_t>(size));
  return address;
}

void read_hardware_address(const sockaddr& from, InterfaceAddress* to) {
  const auto& link = reinterpret_cast<const sockaddr_ll&>(from);
  const size_t size = std::min<size_t>(link.sll_halen, sizeof link.sll_addr);
  to->has_hardware_address = true;
  to->hardware_address.assign(link.sll_addr, link.sll_addr + size);
}

}  // namespace

int interface_addresses(std::vector<InterfaceAddress>* all) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return errno;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    InterfaceAddress address;
    address.name = one->ifa_name;
    address.flags = flags_of(one->ifa_flags);
    if (one->ifa_addr != nullptr) {
      address.address = copy_address(one->ifa_addr);
      if (address.address.family() != SocketFamily::kUnspecified) {
        address.netmask = copy_address(one->ifa_netmask);
        if ((one->ifa_flags & IFF_POINTOPOINT) != 0) {
          address.other_end = copy_address(one->ifa_dstaddr);
        } else if ((one->ifa_flags & IFF_BROADCAST) != 0) {
          address.broadcast = copy_address(one->ifa_broadaddr);
        }
      } else if (one->ifa_addr->sa_family == AF_PACKET) {
        read_hardware_address(*one->ifa_addr, &address);
      }
    }
    all->push_back(std::move(address));
  }
  freeifaddrs(first);
  return 0;
}

int interface_names(int descriptor, std::vector<std::string>* names) {
  ifconf list{};
  if (ioctl(descriptor, SIOCGIFCONF, &list) != 0) return errno;
  std::vector<ifreq> entries(static_cast<size_t>(list.ifc_len) / sizeof(ifreq) + 8);
  list.ifc_len = static_cast<int>(entries.size() * sizeof(ifreq));
  list.ifc_req = entries.data();
  if (ioctl(descriptor, SIOCGIFCONF, &list) != 0) return errno;
  const size_t count = static_cast<size_t>(list.ifc_len) / sizeof(ifreq);
  for (size_t i = 0; i < count; ++i) {
    const char* name = entries[i].ifr_name;
    names->emplace_back(name, strnlen(name, IFNAMSIZ));
  }
  return 0;
}

namespace {

bool ask(int descriptor, unsigned long question, const std::string& name, ifreq* request) {
  *request = ifreq{};
  const size_t size = std::min<size_t>(name.size(), IFNAMSIZ - 1);
  std::memcpy(request->ifr_name, name.data(), size);
  return ioctl(descriptor, question, request) == 0;
}

}  // namespace

bool interface_ip(int descriptor, const std::string& name, InterfaceIp which, SocketAddress* ip) {
  const unsigned long question = which == InterfaceIp::kAddress     ? SIOCGIFADDR
                                 : which == InterfaceIp::kBroadcast ? SIOCGIFBRDADDR
                                 : which == InterfaceIp::kOtherEnd  ? SIOCGIFDSTADDR
                                                                    : SIOCGIFNETMASK;
  ifreq request;
  if (!ask(descriptor, question, name, &request)) return false;
  // Families are given for addresses alone; all are of IPv4.
  request.ifr_addr.sa_family = AF_INET;
  *ip = copy_address(&request.ifr_addr);
  return true;
}

bool interface_flags(int descriptor, const std::string& name, uint32_t* flags) {
  ifreq request;
  if (!ask(descriptor, SIOCGIFFLAGS, name, &request)) return false;
  *flags = flags_of(static_cast<uint16_t>(request.ifr_flags));
  return true;
}

bool interface_mtu(int descriptor, const std::string& name, uint32_t* mtu) {
  ifreq request;
  if (!ask(descriptor, SIOCGIFMTU, name, &request)) return false;
  *mtu = static_cast<uint32_t>(request.ifr_mtu);
  return true;
}

bool interface_hardware(int descriptor, const std::string& name, std::vector<uint8_t>* address) {
  ifreq request;
  if (!ask(descriptor, SIOCGIFHWADDR, name, &request)) return false;
  const auto* bytes = reinterpret_cast<const uint8_t*>(request.ifr_hwaddr.sa_data);
  address->assign(bytes, bytes + IFHWADDRLEN);
  return true;
}

}  // namespace joist
