// Options of sockets, by names of our own. Calls return the error number of the OS, or 0.
#pragma once

#include <cstdint>
#include <vector>

#include "vm/os/socket.h"

namespace joist {

enum class SocketOption : uint8_t {
  kReuseAddress,
  kReusePort,
  kKeepAlive,
  kDontRoute,
  kBroadcast,
  kUrgentInline,
  kSendBuffer,
  kReceiveBuffer,
  kPriority,
  kTypeOfService,
  kTrafficClass,
  kTimeToLive,
  kReceiveTypeOfService,
  kReceiveTrafficClass,
  kReceiveTimeToLive,
  kNoDelay,
  kCork,
  kMulticastTimeToLive,
  kMulticastLoop,
  kOnlyInet6,
  kKeepCount,
  kKeepIdle,
  kKeepInterval,
  kUserTimeout,
};
int set_socket_option(int descriptor, SocketOption option, int value);
int get_socket_option(int descriptor, SocketOption option, int* value);

struct Linger {
  int on = 0;
  int seconds = 0;
};
int set_linger(int descriptor, const Linger& linger);
int get_linger(int descriptor, Linger* linger);

// The interface that multicast datagrams leave by: an address in network order (kInet), or an
// index (kInet6).
int set_multicast_interface(int descriptor, SocketFamily family, uint32_t value);
int get_multicast_interface(int descriptor, SocketFamily family, uint32_t* value);
struct Membership {
  ByteSpan group;      // 4 or 16 bytes
  ByteSpan interface;  // 4 bytes, kInet only
  uint32_t index = 0;
};
int change_membership(int descriptor, SocketFamily family, bool joins, const Membership& which);

int bind_to_device(int descriptor, ByteSpan name);
int bound_device(int descriptor, std::vector<uint8_t>* name);

// Any option by the numbers of the OS.
int set_raw_option(int descriptor, int level, int name, ByteSpan value);
// `value` comes with the bytes to hand over, and takes as many as came back.
int get_raw_option(int descriptor, int level, int name, std::vector<uint8_t>* value);

}  // namespace joist
