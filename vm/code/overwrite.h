// Puts cells in the place of code that has been prepared: the stub of a library's native in that of
// the function which stands for it until it is loaded. Nobody may run that function meanwhile.
#pragma once

#include <span>

#include "vm/code/module.h"

namespace joist {

// `place` is one of the module's cells. Calls from there that are still to be linked are forgotten.
void overwrite_code(Module& module, Cell* place, std::span<const Cell> cells);

}  // namespace joist
