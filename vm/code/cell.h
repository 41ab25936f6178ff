// Threaded code: 8-byte cells. An instruction is a handler address followed by the cells of its
// operands (vm/code/ops.def says how many and of which kind).
#pragma once

#include "vm/term/term.h"

namespace joist {

using Cell = Word;

}  // namespace joist
