// Other nodes as what lies below the distribution sees them (vm/dist/nodes.h).
#pragma once

#include "vm/sched/port_receiver.h"

namespace joist {

class RemoteNodes {
 public:
  virtual ~RemoteNodes() = default;
  // As send(), to what is no process or port of this node: a pid, an alias or {Name, Node}.
  virtual SendResult send(Process& sender, Term receiver, Term message,
                          const SendOptions& options) = 0;
  // Ends the process' monitor of that id, which Relations::monitors has no longer.
  virtual void demonitor(Process& process, uint64_t id) = 0;
  // Ends all that the process has to do with other nodes, as far as its reductions allow; true:
  // there is nothing left. Its exit_reason is final.
  virtual bool end_relations(Process& process) = 0;
};

// null: a VM without distribution.
inline RemoteNodes* remote_nodes(const Runtime& runtime) {
  return runtime.port_receiver == nullptr ? nullptr : runtime.port_receiver->remote_nodes;
}

}  // namespace joist
