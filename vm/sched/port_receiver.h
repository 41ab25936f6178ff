// Ports as what lies below them sees them: something that takes signals (vm/io/ports.h).
#pragma once

#include "vm/base/bytes.h"
#include "vm/sched/deliver.h"

namespace joist {

class RemoteNodes;

class PortReceiver {
 public:
  virtual ~PortReceiver() = default;
  // As deliver() (vm/sched/deliver.h).
  virtual bool deliver(uint32_t scheduler, Term port, Signal* signal) = 0;
  // As send().
  virtual SendResult send(Process& sender, Term port, Term message, WhenBusy when_busy) = 0;
  // Data for the port that no process sends (trace messages). False: there is no such open port.
  virtual bool command(uint32_t scheduler, Term port, ByteSpan bytes) = 0;
  virtual bool is_open(Term port) const = 0;
  // Who takes what is for neither processes nor ports of this node; null: nobody.
  RemoteNodes* remote_nodes = nullptr;
};

}  // namespace joist
