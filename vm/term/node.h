// Interned node names: what external pids, ports and references point to. Entries are never
// freed: there are as many as node incarnations this VM has heard of.
#pragma once

#include "vm/term/term.h"

namespace joist {

struct Node {
  Term name;          // atom
  uint32_t creation;  // tells incarnations of one name apart
};

// The one entry for that name and creation. Thread-safe.
const Node* intern_node(Term name, uint32_t creation);

}  // namespace joist
