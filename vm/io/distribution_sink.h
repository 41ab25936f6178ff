// Who has taken over a port for the connection to another node: it gets the packets that arrive,
// in place of the owner, and news of the port. All is called in the thread that is in the port,
// and must not wait; `scheduler` is that thread's, or Schedulers::kNone.
//
//   Ports::attach(port, sink)      from then on what arrives goes to the sink
//   Ports::send_packet(port, ...)  in order with those of the same caller; busy or not
//
// What the driver makes of it is a matter of its options: distribution sets {packet, 4},
// {deliver, port} and {active, true}.
#pragma once

#include <cstdint>

#include "vm/base/bytes.h"
#include "vm/term/term.h"

namespace joist {

class DistributionSink {
 public:
  virtual ~DistributionSink() = default;
  // A packet, without its length. False: it makes no sense, and the port ends.
  virtual bool received(uint32_t scheduler, ByteSpan packet) = 0;
  // Whether output waits in the port beyond its limit, from now on.
  virtual void busy_changed(uint32_t scheduler, bool busy) = 0;
  // The port has ended: nothing more comes, and what is sent is lost.
  virtual void ended(uint32_t scheduler, Term reason) = 0;
};

}  // namespace joist
