// Multiplications and divisions that a scheduler has no time for: of instructions
// (vm/exec/long_instruction.h) and of the natives of the same names.
#pragma once

#include "vm/base/config.h"
#include "vm/heap/arith.h"
#include "vm/proc/process.h"

namespace joist {

// By its cost in reductions: a dirty thread is to take what needs more than about a millisecond.
inline bool is_long_product(const Process& p, int64_t cost) {
  constexpr int64_t kLong = 2 * kReductionsPerSlice;
  constexpr int64_t kLongStress = 2;
  return cost > (p.registers->gc_stress ? kLongStress : kLong);
}

}  // namespace joist
