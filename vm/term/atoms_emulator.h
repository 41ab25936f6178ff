// Fixed atoms that only reports and settings of the emulator name: atoms_emulator.def, sorted.
#pragma once

#include "vm/term/atoms_trace.h"

namespace joist::atoms {
enum EmulatorAtomIndex : uint32_t {
  kEmulatorAtomsBefore = kTraceAtomsEnd - 1,
#define JOIST_ATOM(identifier, text) k_##identifier,
#include "vm/term/atoms_emulator.def"
#undef JOIST_ATOM
  kEmulatorAtomsEnd
};
#define JOIST_ATOM(identifier, text) inline constexpr Term identifier = Term::atom(k_##identifier);
#include "vm/term/atoms_emulator.def"
#undef JOIST_ATOM

// All lists together.
inline constexpr uint32_t kFixedAtomCount = kEmulatorAtomsEnd;
}  // namespace joist::atoms
