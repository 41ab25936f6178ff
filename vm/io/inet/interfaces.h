// The requests of prim_inet.erl about network interfaces.
#pragma once

#include "vm/io/inet/inet_driver.h"

namespace joist::inet {

// One of kInterfaceNames, kGetInterface, kSetInterface and kInterfaceAddresses.
void interface_request(uint32_t request, ByteReader data, int descriptor, Reply& reply);

}  // namespace joist::inet
