// Where the address space of the OS process is limited (ulimit -v).
#pragma once

namespace joist {

// To be called before there are threads: malloc does not try to reserve tens of megabytes for each
// of them then, which would leave none for others, and take each call a vain request to the system
// once there are none.
void spare_address_space();

}  // namespace joist
