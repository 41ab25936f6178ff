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
// All of it, with what only the link layer knows. Flags are names, in a fixed order.
struct LinkAddress {
  bool exists = false;
  int index = 0;
  uint16_t protocol = 0;
  uint16_t hardware_type = 0;
  uint8_t packet_type = 0;
  std::vector<uint8_t> address;
};
struct InterfaceRecord {
  std::string name;
  std::vector<const char*> flags;
  SocketAddress address;
  SocketAddress netmask;
  SocketAddress broadcast;
  SocketAddress other_end;
  LinkAddress link;
  LinkAddress link_broadcast;
};
int interface_records(std::vector<InterfaceRecord>* all);
// nullptr: numbers that have no name.
const char* hardware_type_name(uint16_t type);
const char* packet_type_name(uint8_t type);
int interface_index(const std::string& name, uint32_t* index);
int interface_name(uint32_t index, std::string* name);
int interface_indices(std::vector<std::pair<uint32_t, std::string>>* all);
int interface_names(int descriptor, std::vector<std::string>* names);
// What the OS says of one interface, asked with any socket. False: it does not say.
enum class InterfaceIp : uint8_t { kAddress, kBroadcast, kOtherEnd, kNetmask };
bool interface_ip(int descriptor, const std::string& name, InterfaceIp which, SocketAddress* ip);
bool interface_flags(int descriptor, const std::string& name, uint32_t* flags);
bool interface_mtu(int descriptor, const std::string& name, uint32_t* mtu);
bool interface_hardware(int descriptor, const std::string& name, std::vector<uint8_t>* address);

// --- names ---

struct AddressInformation {
  SocketAddress address;
  int type;  // as the next, a number of the OS
  int protocol;
};
// The name of the error, or nullptr. May take as long as the network does. Null: not asked for.
const char* find_addresses(const std::string* host, const std::string* service,
                           std::vector<AddressInformation>* all);
enum NameFlag : uint32_t {
  kNameRequired = 1,
  kNameOfDatagrams = 2,
  kNameNotQualified = 4,
  kNameNumericHost = 8,
  kNameNumericService = 16,
};
const char* find_names(const SocketAddress& address, uint32_t flags, std::string* host,
                       std::string* service);
// "stream", "dgram", ...; nullptr: another one.
const char* socket_type_name(int type);

}  // namespace joist
