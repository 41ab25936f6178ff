// What --op-stats counts: executed ops and pairs of neighbours.
#pragma once

#include "vm/code/instr.h"

namespace joist {

struct OpCounts {
  uint64_t executed[kOpCount];
  uint64_t pairs[kOpCount][kOpCount];
  uint16_t previous;

  void add(uint16_t op) {
    ++executed[op];
    ++pairs[previous][op];
    previous = op;
  }
};

}  // namespace joist
