#include "vm/sched/busy_monitor.h"

#include "vm/heap/builder.h"
#include "vm/sched/deliver.h"
#include "vm/sched/system_flags.h"
#include "vm/term/atoms_trace.h"

namespace joist {

namespace {

void tell(Process& waiting, std::atomic<Word> SystemFlags::* monitor, Term what, Term port) {
  const SystemFlags* flags = system_flags(waiting);
  if (flags == nullptr) return;
  const Word told = (flags->*monitor).load(std::memory_order_relaxed);
  if (told == 0 || told == waiting.pid.bits()) return;
  Allocator scratch;
  const Term message = make_tuple(scratch, {atoms::monitor, waiting.pid, what, port});
  deliver(waiting, Term::from_bits(told),
          new_signal_of(SignalKind::kMessage, waiting.pid, message, waiting.runtime->literals));
}

}  // namespace

void tell_of_busy_port(Process& waiting, Term port) {
  tell(waiting, &SystemFlags::busy_port_monitor, atoms::busy_port, port);
}

void tell_of_busy_dist_port(Process& waiting, Term port) {
  tell(waiting, &SystemFlags::busy_dist_port_monitor, atoms::busy_dist_port, port);
}

}  // namespace joist
