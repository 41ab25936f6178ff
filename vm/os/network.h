// What the OS knows of networks: the machine's name, services, interfaces. Calls return the error
// number of the OS, or 0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vm/os/socket.h"

namespace joist {

int host_name(std::string* name);
// By /etc/services and its kin. False: there is none.
bool find_service_port(const std::string& name, const std::string& protocol, uint16_t* port);
bool find_service_name(uint16_t port, const std::string& protocol, std::string* name);

// One of the addresses of an interface.
struct InterfaceAddress {
  enum Flag : uint32_t {
    kUp = 1,
    kBroadcast = 2,
    kLoopback = 4,
    kPointToPoint = 8,
    kRunning = 16,
    kMulticast = 32,
  };
  std::string name;
  uint32_t flags = 0;
  SocketAddress address;    // unspecified: it has none
  SocketAddress netmask;    // of kInet and kInet6
  SocketAddress broadcast;  // where there is one
  SocketAddress other_end;  // of kPointToPoint
  bool has_hardware_address = false;
  std::vector<uint8_t> hardware_address;
};
int interface_addresses(std::vector<InterfaceAddress>* all);
int interface_names(int descriptor, std::vector<std::string>* names);
// What the OS says of one interface, asked with any socket. False: it does not say.
enum class InterfaceIp : uint8_t { kAddress, kBroadcast, kOtherEnd, kNetmask };
bool interface_ip(int descriptor, const std::string& name, InterfaceIp which, SocketAddress* ip);
bool interface_flags(int descriptor, const std::string& name, uint32_t* flags);
bool interface_mtu(int descriptor, const std::string& name, uint32_t* mtu);
bool interface_hardware(int descriptor, const std::string& name, std::vector<uint8_t>* address);

}  // namespace joist
