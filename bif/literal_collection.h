// Literals of purged code and replaced persistent terms, given back with the help of OTP's process
// erts_literal_area_collector (vm/heap/retired_literals.h).
#pragma once

#include "vm/proc/process.h"

namespace joist {

// After something has been retired: sets the collector going if it rests.
void tell_literal_collector(Process& p);

}  // namespace joist
