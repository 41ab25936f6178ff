// Interfaces and names as the natives of prim_net see them.
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vm/os/network.h"
#include "vm/os/posix_error.h"

namespace joist {

// --- interfaces ---

namespace {

constexpr std::pair<unsigned, const char*> kFlagNames[] = {
    {IFF_UP, "up"},
    {IFF_BROADCAST, "broadcast"},
    {IFF_DEBUG, "debug"},
    {IFF_LOOPBACK, "loopback"},
    {IFF_POINTOPOINT, "pointopoint"},
    {IFF_NOTRAILERS, "notrailers"},
    {IFF_RUNNING, "running"},
    {IFF_NOARP, "noarp"},
    {IFF_PROMISC, "promisc"},
    {IFF_MASTER, "master"},
    {IFF_SLAVE, "slave"},
    {IFF_MULTICAST, "multicast"},
    {IFF_PORTSEL, "portsel"},
    {IFF_AUTOMEDIA, "automedia"},
    {IFF_DYNAMIC, "dynamic"},
};

SocketAddress ip_address(const sockaddr* from) {
  SocketAddress address;
  if (from == nullptr) return address;
  const size_t size = from->sa_family == AF_INET    ? sizeof(sockaddr_in)
                      : from->sa_family == AF_INET6 ? sizeof(sockaddr_in6)
                                                    : 0;
  std::memcpy(address.data(), from, size);
  address.set_size(static_cast<uint32_t>(size));
  return address;
}

LinkAddress link_address(const sockaddr* from) {
  LinkAddress link;
  if (from == nullptr || from->sa_family != AF_PACKET) return link;
  const auto& form = *reinterpret_cast<const sockaddr_ll*>(from);
  link.exists = true;
  link.index = form.sll_ifindex;
  link.protocol = form.sll_protocol;
  link.hardware_type = form.sll_hatype;
  link.packet_type = form.sll_pkttype;
  const size_t size = std::min<size_t>(form.sll_halen, sizeof form.sll_addr);
  link.address.assign(form.sll_addr, form.sll_addr + size);
  return link;
}

}  // namespace

int interface_records(std::vector<InterfaceRecord>* all) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return errno;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    InterfaceRecord record;
    record.name = one->ifa_name;
    for (const auto& [flag, name] : kFlagNames) {
      if ((one->ifa_flags & flag) != 0) record.flags.push_back(name);
    }
    record.address = ip_address(one->ifa_addr);
    record.netmask = ip_address(one->ifa_netmask);
    record.link = link_address(one->ifa_addr);
    if ((one->ifa_flags & IFF_POINTOPOINT) != 0) {
      record.other_end = ip_address(one->ifa_dstaddr);
    } else if ((one->ifa_flags & IFF_BROADCAST) != 0) {
      record.broadcast = ip_address(one->ifa_broadaddr);
      record.link_broadcast = link_address(one->ifa_broadaddr);
    }
    all->push_back(std::move(record));
  }
  freeifaddrs(first);
  return 0;
}

const char* hardware_type_name(uint16_t type) {
  constexpr std::pair<uint16_t, const char*> kNames[] = {
      {ARPHRD_NETROM, "netrom"},     {ARPHRD_ETHER, "ether"},     {ARPHRD_EETHER, "eether"},
      {ARPHRD_AX25, "ax25"},         {ARPHRD_PRONET, "pronet"},   {ARPHRD_CHAOS, "chaos"},
      {ARPHRD_IEEE802, "ieee802"},   {ARPHRD_ARCNET, "arcnet"},   {ARPHRD_APPLETLK, "appletlk"},
      {ARPHRD_DLCI, "dlci"},         {ARPHRD_ATM, "atm"},         {ARPHRD_METRICOM, "metricom"},
      {ARPHRD_IEEE1394, "ieee1394"}, {ARPHRD_EUI64, "eui64"},     {ARPHRD_INFINIBAND, "infiniband"},
      {ARPHRD_TUNNEL, "tunnel"},     {ARPHRD_TUNNEL6, "tunnel6"}, {ARPHRD_LOOPBACK, "loopback"},
      {ARPHRD_LOCALTLK, "localtlk"}, {ARPHRD_NONE, "none"},       {ARPHRD_VOID, "void"},
  };
  for (const auto& [number, name] : kNames) {
    if (number == type) return name;
  }
  return nullptr;
}

const char* packet_type_name(uint8_t type) {
  constexpr std::pair<uint8_t, const char*> kNames[] = {
      {PACKET_HOST, "host"},           {PACKET_BROADCAST, "broadcast"},
      {PACKET_MULTICAST, "multicast"}, {PACKET_OTHERHOST, "otherhost"},
      {PACKET_OUTGOING, "outgoing"},   {PACKET_LOOPBACK, "loopback"},

  };
  for (const auto& [number, name] : kNames) {
    if (number == type) return name;
  }
  return nullptr;
}

int interface_index(const std::string& name, uint32_t* index) {
  *index = if_nametoindex(name.c_str());
  return *index == 0 ? errno : 0;
}

int interface_name(uint32_t index, std::string* name) {
  char text[IF_NAMESIZE] = {};
  if (if_indextoname(index, text) == nullptr) return errno;
  *name = text;
  return 0;
}

int interface_indices(std::vector<std::pair<uint32_t, std::string>>* all) {
  struct if_nameindex* first = if_nameindex();
  if (first == nullptr) return errno;
  for (const struct if_nameindex* one = first; one->if_index != 0; ++one) {
    all->emplace_back(one->if_index, one->if_name);
  }
  if_freenameindex(first);
  return 0;
}

// --- names ---

namespace {

const char* lookup_error(int error) {
  switch (error) {
    case 0:
      return nullptr;
    case EAI_AGAIN:
      return "eagain";
    case EAI_BADFLAGS:
      return "ebadflags";
    case EAI_FAIL:
      return "efail";
    case EAI_FAMILY:
      return "efamily";
    case EAI_MEMORY:
      return "emem";
    case EAI_NONAME:
      return "enoname";
    case EAI_OVERFLOW:
      return "eoverflow";
    case EAI_SERVICE:
      return "eservice";
    case EAI_SOCKTYPE:
      return "esocktype";
    case EAI_SYSTEM:
      return posix_error_name(errno);
    default:
      return "unknown";
  }
}

}  // namespace

const char* find_addresses(const std::string* host, const std::string* service,
                           std::vector<AddressInformation>* all) {
  addrinfo* first = nullptr;
  const int error = getaddrinfo(host == nullptr ? nullptr : host->c_str(),
                                service == nullptr ? nullptr : service->c_str(), nullptr, &first);
  if (error != 0) return lookup_error(error);
  for (const addrinfo* one = first; one != nullptr; one = one->ai_next) {
    AddressInformation information;
    information.address = ip_address(one->ai_addr);
    information.type = one->ai_socktype;
    information.protocol = one->ai_protocol;
    all->push_back(information);
  }
  freeaddrinfo(first);
  return nullptr;
}

const char* find_names(const SocketAddress& address, uint32_t flags, std::string* host,
                       std::string* service) {
  constexpr std::pair<NameFlag, int> kFlags[] = {
      {kNameRequired, NI_NAMEREQD},          {kNameOfDatagrams, NI_DGRAM},
      {kNameNotQualified, NI_NOFQDN},        {kNameNumericHost, NI_NUMERICHOST},
      {kNameNumericService, NI_NUMERICSERV},
  };
  int system_flags = 0;
  for (const auto& [flag, system_flag] : kFlags) {
    if ((flags & flag) != 0) system_flags |= system_flag;
  }
  char host_text[NI_MAXHOST];
  char service_text[NI_MAXSERV];
  const int error =
      getnameinfo(reinterpret_cast<const sockaddr*>(address.data()), address.size(), host_text,
                  sizeof host_text, service_text, sizeof service_text, system_flags);
  if (error != 0) return lookup_error(error);
  *host = host_text;
  *service = service_text;
  return nullptr;
}

const char* socket_type_name(int type) {
  switch (type) {
    case SOCK_STREAM:
      return "stream";
    case SOCK_DGRAM:
      return "dgram";
    case SOCK_RAW:
      return "raw";
    case SOCK_RDM:
      return "rdm";
    case SOCK_SEQPACKET:
      return "seqpacket";
    default:
      return nullptr;
  }
}

}  // namespace joist
