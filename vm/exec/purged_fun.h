// Calls of funs whose code is just being purged.
#pragma once

#include "vm/code/export.h"
#include "vm/exec/support.h"

namespace joist {

// Whether the code of a fun goes is not known yet: the call waits, in the function that tries it
// again once it is. Without OTP's purger it looks again in its next turn.
Flow wait_for_purge(State& s, const FunEntry& entry, Term fun, Term arguments);

}  // namespace joist
