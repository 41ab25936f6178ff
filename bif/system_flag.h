// What erlang:system_flag/2 sets and erlang:system_info/1 tells.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// enabled, blocked or blocked_normal.
Term multi_scheduling_state(Process& p);

// final, preliminary or volatile.
Term time_offset_state(Process& p);

}  // namespace joist
