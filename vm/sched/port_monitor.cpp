#include "vm/sched/port_monitor.h"

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

Term property(Allocator& heap, const char* name, Term value) {
  return make_tuple(heap, {must_atom(name), value});
}

}  // namespace

void tell_of_busy_port(Process& waiting, Term port) {
  tell(waiting, &SystemFlags::busy_port_monitor, atoms::busy_port, port);
}

void tell_of_busy_dist_port(Process& waiting, Term port) {
  tell(waiting, &SystemFlags::busy_dist_port_monitor, atoms::busy_dist_port, port);
}

PortOperation::PortOperation(const Runtime& runtime, uint32_t scheduler, Term port,
                             const char* name)
    : runtime_(runtime),
      scheduler_(scheduler),
      port_(port),
      name_(name),
      limit_ns_(runtime.trace->long_schedule_ns.load(std::memory_order_relaxed)) {
  if (limit_ns_ != 0) [[unlikely]]
    start_ns_ = runtime_.clock->monotonic_ns();
}

// {monitor, Port, long_schedule, [{timeout, Milliseconds}, {port_op, Name}]}
void PortOperation::end() const {
  constexpr int64_t kMillisecond = 1'000'000;
  const int64_t ns = runtime_.clock->monotonic_ns() - start_ns_;
  const Word told =
      runtime_.schedulers->flags()->long_schedule_monitor.load(std::memory_order_relaxed);
  if (ns < limit_ns_ || told == 0) return;
  Allocator scratch;
  ListBuilder info(scratch);
  info.add(property(scratch, "timeout", Term::small(ns / kMillisecond)));
  info.add(property(scratch, "port_op", must_atom(name_)));
  const Term message =
      make_tuple(scratch, {atoms::monitor, port_, atoms::long_schedule, info.finish()});
  deliver(runtime_, scheduler_, Term::from_bits(told),
          new_signal_of(SignalKind::kMessage, port_, message, runtime_.literals));
}

}  // namespace joist
