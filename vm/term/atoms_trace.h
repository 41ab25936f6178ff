// Fixed atoms that only tracing names: the list is atoms_trace.def, sorted.
#pragma once

#include "vm/term/atoms_net.h"

namespace joist::atoms {
enum TraceAtomIndex : uint32_t {
  kTraceAtomsBefore = kNetAtomsEnd - 1,
#define JOIST_ATOM(identifier, text) k_##identifier,
#include "vm/term/atoms_trace.def"
#undef JOIST_ATOM
  kTraceAtomsEnd
};
#define JOIST_ATOM(identifier, text) inline constexpr Term identifier = Term::atom(k_##identifier);
#include "vm/term/atoms_trace.def"
#undef JOIST_ATOM
}  // namespace joist::atoms
