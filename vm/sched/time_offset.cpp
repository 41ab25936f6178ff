#include "vm/sched/time_offset.h"

#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/os/clock.h"
#include "vm/proc/relations.h"
#include "vm/proc/time.h"
#include "vm/sched/deliver.h"
#include "vm/sched/signal_handler.h"

namespace joist {

namespace {

// By the receiver: the monitor may be gone by now. The signal's value is {Reference, Offset}.
void receive_change(Process& p, Signal& signal) {
  if (p.is_exiting || p.relations == nullptr) return;
  const std::span<const Term> parts = tuple_elements(signal.value);
  const uint64_t id = reference_id(parts[0]);
  const auto found = p.relations->monitors.find(id);
  if (found == p.relations->monitors.end()) return;
  RefNumbers numbers = reference_numbers(id);
  if (p.relations->aliases.contains(id)) set_alias_owner(numbers, p.pid);
  const Monitor& monitor = found->second;
  Allocator scratch;
  const Term tag = monitor.tag == nullptr ? Term(atoms::CHANGE) : monitor.tag->value;
  send_to_self(p, make_tuple(scratch, {tag, make_ref(scratch, numbers), atoms::time_offset,
                                       atoms::clock_service, parts[1]}));
}

}  // namespace

void watch_time_offset(Process& p, uint64_t id) {
  if (!p.runtime->time->is_final()) p.runtime->time->watch(id, p.pid);
}

void unwatch_time_offset(Process& p, uint64_t id) { p.runtime->time->unwatch(id); }

void tell_time_offset(const Runtime& runtime, uint32_t scheduler) {
  Allocator scratch;
  const Term offset = make_integer(scratch, runtime.time->offset());
  for (const auto& [id, process] : runtime.time->watchers()) {
    const Term reference = make_ref(scratch, reference_numbers(id));
    Signal* signal = new_signal_of(SignalKind::kQuestion, process,
                                   make_tuple(scratch, {reference, offset}), runtime.literals);
    signal->request = receive_change;
    deliver(runtime, scheduler, process, signal);
  }
}

void TimeOffsetWatch::look(const Runtime& runtime, uint32_t scheduler) {
  const int64_t now = runtime.time->clock().monotonic_ns();
  if (now < next_ns) return;
  next_ns = now + kIntervalNs;
  if (runtime.time->warp() == TimeWarp::kMulti && runtime.time->has_changed()) {
    tell_time_offset(runtime, scheduler);
  }
}

}  // namespace joist
