// erlang:statistics(microstate_accounting) and the system flag of that name, over
// vm/os/microstates.h.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// [#{type => _, id => _, counters => #{State => Time}}]: one for each thread.
Term microstate_figures(Process& p);
// true, false or reset; whether it was on.
Term set_microstate_accounting(Process& p, Term value);

}  // namespace joist
