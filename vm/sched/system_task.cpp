#include "vm/sched/system_task.h"

namespace joist {

namespace {

Signal*& last_of(Signal*& first) {
  Signal** last = &first;
  while (*last != nullptr) last = &(*last)->next;
  return *last;
}

}  // namespace

void add_system_task(Process& p, SystemTask task, Term sender, Term value) {
  Signal* signal = new_signal_of(SignalKind::kMarker, sender, value, p.runtime->literals);
  if (p.is_exiting) {
    task(p, *signal);
    return release_signal(signal);
  }
  signal->id = reinterpret_cast<uint64_t>(task);
  last_of(p.system_tasks) = signal;
}

bool run_system_tasks_gc(Process& p) {
  bool alive = true;
  while (Signal* signal = p.system_tasks) {
    p.system_tasks = signal->next;
    const auto task = reinterpret_cast<SystemTask>(signal->id);
    if (alive) {
      alive = task(p, *signal);
      if (!alive) p.is_exiting = true;
    } else {
      task(p, *signal);
    }
    release_signal(signal);
  }
  return alive;
}

}  // namespace joist
