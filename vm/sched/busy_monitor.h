// erlang:system_monitor/2 with busy_port and busy_dist_port: its process is told of those that must
// wait until a port takes data again.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// `port`: what the process waits for. The caller holds no lock.
void tell_of_busy_port(Process& waiting, Term port);
// The same of the controller of a connection.
void tell_of_busy_dist_port(Process& waiting, Term port);

}  // namespace joist
