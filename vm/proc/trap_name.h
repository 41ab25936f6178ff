// What a native is called while it waits for its next slice. In ERTS a native that cannot go on
// traps to another function, whose name process_info/2 and the trace messages of `running` then
// show; here it is called again under its own.
#pragma once

#include <optional>

#include "vm/proc/process.h"

namespace joist {

// The name of the native that `p` is to go on with; nullopt: that of whoever has called it.
std::optional<Mfa> trap_name(const Process& p, const Mfa& native);

}  // namespace joist
