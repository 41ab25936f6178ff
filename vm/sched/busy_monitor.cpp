#include "vm/sched/busy_monitor.h"

#include "vm/heap/builder.h"
#include "vm/sched/deliver.h"
#include "vm/sched/system_flags.h"
#include "vm/term/atoms_trace.h"

namespace joist {

namespace {

void tell(Process& waiting, Word monitor, Term what, Term port) {
  if (monitor == 0 || monitor == waiting.pid.bits()) return;
  Allocator scratch;
  const Term message = make_tuple(scratch, {atoms::monitor, waiting.pid, what, port});
  deliver(waiting, Term::from_bits(monitor),
          new_signal_of(SignalKind::kMessage, waiting.pid, message, waiting.runtime->literals));
}

}  // namespace

void tell_of_busy_port(Process& waiting, Term port) {
  const SystemFlags* flags = system_flags(waiting);
  if (flags == nullptr) return;
  tell(waiting, flags->busy_port_monitor.load(std::memory_order_relaxed), atoms::busy_port, port);
}

void tell_of_busy_dist_port(Process& waiting, Term port) {
  const SystemFlags* flags = system_flags(waiting);
  if (flags == nullptr) return;
  tell(waiting, flags->busy_dist_port_monitor.load(std::memory_order_relaxed),
       atoms::busy_dist_port, port);
}

}  // namespace joist
