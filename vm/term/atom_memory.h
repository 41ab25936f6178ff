// What the atom table takes, in bytes.
#pragma once

#include <cstddef>

namespace joist {

struct AtomMemory {
  size_t allocated;
  size_t used;
};
AtomMemory atom_memory();

}  // namespace joist
