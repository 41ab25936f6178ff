// Addresses as prim_inet.erl writes and reads them:
//
//   1 port:16 a b c d                              inet
//   2 port:16 16 bytes [flow:32 scope:32]          inet6; the last two only towards the driver
//   3 port:16, 4 port:16                           any and loopback, of the socket's family
//   5 length:8 name                                local
//   0, 6                                           unspecified, unknown
#pragma once

#include "vm/os/socket.h"

namespace joist::inet {

// Takes an address off the front. Null: done; otherwise the name of the error.
const char* read_address(SocketFamily family, ByteReader& reader, SocketAddress* address);
// False: it is of no known family.
bool write_address(const SocketAddress& address, std::vector<uint8_t>* to);

}  // namespace joist::inet
