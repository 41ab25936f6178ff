// Interned node names: what external pids, ports and references point to. Entries are never
// freed: there are as many as node incarnations this VM has heard of.
#pragma once

#include "vm/term/boxed.h"

namespace joist {

struct Node {
  Term name;          // atom
  uint32_t creation;  // tells incarnations of one name apart
};

// The one entry for that name and creation. Thread-safe.
const Node* intern_node(Term name, uint32_t creation);

// The node that local pids, ports and references belong to: nonode@nohost until distribution
// starts (erlang:setnode/2). Terms are compared with external ones where no VM is at hand, so
// this is process-wide like term_rules().
const Node* local_node();
void set_local_node(const Node* node);

// The two numbers of a pid, local or external, as they are printed and travel in the external
// format.
struct PidNumbers {
  uint64_t number;
  uint64_t serial;
};
PidNumbers pid_numbers(Term pid);
uint64_t port_number(Term port);
// Of a pid, port or reference.
const Node* node_of(Term identifier);

}  // namespace joist
