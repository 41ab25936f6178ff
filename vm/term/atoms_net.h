// Fixed atoms that only the network and distribution name: the list is atoms_net.def, sorted.
#pragma once

#include "vm/term/atom.h"

namespace joist::atoms {
enum NetAtomIndex : uint32_t {
  kNetAtomsBefore = kCommonAtomCount - 1,
#define JOIST_ATOM(identifier, text) k_##identifier,
#include "vm/term/atoms_net.def"
#undef JOIST_ATOM
  kNetAtomsEnd
};
#define JOIST_ATOM(identifier, text) inline constexpr Term identifier = Term::atom(k_##identifier);
#include "vm/term/atoms_net.def"
#undef JOIST_ATOM
}  // namespace joist::atoms
