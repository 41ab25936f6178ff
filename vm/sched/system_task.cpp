#include "vm/sched/system_task.h"

#include "vm/proc/process_extras.h"

namespace joist {

namespace {

// A task's signal: `id` is the function, `detail` its priority and whether it collects.
constexpr uint32_t kCollects = 1;
constexpr uint32_t kPriorityShift = 1;
constexpr int kNormalTurns = 8;

Priority priority_of(const Signal& task) {
  return static_cast<Priority>(task.detail >> kPriorityShift);
}

bool is_due(const Process& p, const Signal& task) {
  return (task.detail & kCollects) == 0 || p.is_exiting || p.extras == nullptr ||
         !p.extras->puts_off_collections;
}

// The link to the first due task of that priority; null: none.
Signal** first_of(Process& p, Priority priority) {
  for (Signal** link = &p.system_tasks; *link != nullptr; link = &(*link)->next) {
    if (priority_of(**link) == priority && is_due(p, **link)) return link;
  }
  return nullptr;
}

// Takes out the next task to do; null: none is due.
Signal* next_task(Process& p, int* normal_turns) {
  Signal** link = first_of(p, Priority::kMax);
  if (link == nullptr) link = first_of(p, Priority::kHigh);
  if (link == nullptr) {
    const bool low_first = *normal_turns == kNormalTurns;
    link = first_of(p, low_first ? Priority::kLow : Priority::kNormal);
    *normal_turns = low_first ? 0 : *normal_turns + 1;
    if (link == nullptr) link = first_of(p, low_first ? Priority::kNormal : Priority::kLow);
  }
  if (link == nullptr) return nullptr;
  Signal* task = *link;
  *link = task->next;
  return task;
}

}  // namespace

void add_system_task(Process& p, SystemTask task, Priority priority, Term sender, Term value,
                     bool is_collection) {
  Signal* signal = new_signal_of(SignalKind::kMarker, sender, value, p.runtime->literals);
  if (p.is_exiting) {
    task(p, *signal);
    return release_signal(signal);
  }
  signal->id = reinterpret_cast<uint64_t>(task);
  signal->detail =
      static_cast<uint32_t>(priority) << kPriorityShift | (is_collection ? kCollects : 0);
  Signal** last = &p.system_tasks;
  while (*last != nullptr) last = &(*last)->next;
  *last = signal;
}

bool has_due_tasks(const Process& p) {
  for (const Signal* task = p.system_tasks; task != nullptr; task = task->next) {
    if (is_due(p, *task)) return true;
  }
  return false;
}

bool run_system_tasks_gc(Process& p) {
  bool alive = true;
  int normal_turns = 0;
  while (Signal* signal = next_task(p, &normal_turns)) {
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
