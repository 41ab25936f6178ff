#include "vm/sched/system_task.h"

#include "vm/proc/process_extras.h"

namespace joist {

namespace {

// A task's signal: `id` is the function, `detail` its priority and whether it collects. There may
// be hundreds of thousands of them, so lists are circular and known by their last element.
constexpr uint32_t kCollects = 1;
constexpr uint32_t kPriorityShift = 1;
constexpr int kNormalTurns = 8;

void append(Signal*& last, Signal* task) {
  task->next = last == nullptr ? task : last->next;
  if (last != nullptr) last->next = task;
  last = task;
}

Signal* take_first(Signal*& last) {
  Signal* first = last->next;
  if (first == last) {
    last = nullptr;
  } else {
    last->next = first->next;
  }
  return first;
}

void move_all(Signal*& from, Signal*& to) {
  while (from != nullptr) append(to, take_first(from));
}

bool puts_off(const Process& p) {
  return !p.is_exiting && p.extras != nullptr && p.extras->puts_off_collections;
}

// A process is not collected within a native (vm/proc/suspended.h), which is done as soon as the
// process has run: the collection waits for that, rather than be said to be done.
bool must_run_first(const Process& p) {
  const bool is_ready =
      p.run_outcome == RunOutcome::kYielded || p.run_outcome == RunOutcome::kDirty;
  return !p.is_exiting && p.suspended != nullptr && is_ready && p.suspend_count == 0 &&
         !p.host_is_idle;
}

// Tasks on their way, by priority.
struct Lines {
  Signal* last[kPriorities] = {};
  int normal_turns = 0;

  // The line that the next task comes from; null: none is left.
  Signal** next() {
    constexpr auto kHigh = static_cast<size_t>(Priority::kHigh);
    for (size_t i = 0; i <= kHigh; ++i) {
      if (last[i] != nullptr) return &last[i];
    }
    Signal*& normal = last[static_cast<size_t>(Priority::kNormal)];
    Signal*& low = last[static_cast<size_t>(Priority::kLow)];
    const bool low_first = normal_turns == kNormalTurns;
    normal_turns = low_first ? 0 : normal_turns + 1;
    if (low_first && low != nullptr) return &low;
    if (normal != nullptr) return &normal;
    return low != nullptr ? &low : nullptr;
  }
};

}  // namespace

void add_system_task(Process& p, SystemTask task, Priority priority, Term sender, Term value,
                     bool is_collection) {
  Signal* signal = new_signal_of(SignalKind::kMarker, sender, value, nullptr);
  if (p.is_exiting) {
    task(p, *signal);
    return release_signal(signal);
  }
  signal->id = reinterpret_cast<uint64_t>(task);
  signal->detail =
      static_cast<uint32_t>(priority) << kPriorityShift | (is_collection ? kCollects : 0);
  append(is_collection && puts_off(p) ? p.extras->put_off_tasks : p.system_tasks, signal);
}

void put_off_collections(Process& p, bool put_off) {
  Process::Extras& extras = p.make_extras();
  extras.puts_off_collections = put_off;
  if (!put_off) move_all(extras.put_off_tasks, p.system_tasks);
}

bool run_system_tasks_gc(Process& p) {
  Lines lines;
  while (p.system_tasks != nullptr) {
    Signal* task = take_first(p.system_tasks);
    append(lines.last[task->detail >> kPriorityShift], task);
  }
  bool alive = true;
  while (Signal** line = lines.next()) {
    Signal* signal = take_first(*line);
    if ((signal->detail & kCollects) != 0 && puts_off(p)) {
      append(p.extras->put_off_tasks, signal);
      continue;
    }
    if ((signal->detail & kCollects) != 0 && must_run_first(p)) {
      append(p.system_tasks, signal);
      continue;
    }
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

void leave_to_dirty(Process& p, SystemTask rest, const Signal& task) {
  Signal* signal = new_signal_of(SignalKind::kMarker, task.sender, task.value, nullptr);
  signal->id = reinterpret_cast<uint64_t>(rest);
  signal->detail = task.detail;
  append(p.make_extras().left_tasks, signal);
}

bool has_left_tasks(const Process& p) {
  return p.extras != nullptr && p.extras->left_tasks != nullptr;
}

void run_left_tasks_gc(Process& p) {
  if (p.due_collection != DueCollection::kNone && !p.collect_due_gc()) return;
  while (has_left_tasks(p)) {
    Signal* signal = take_first(p.extras->left_tasks);
    const bool alive = reinterpret_cast<SystemTask>(signal->id)(p, *signal);
    release_signal(signal);
    if (!alive) {
      p.due_collection = DueCollection::kFailed;
      return;
    }
  }
}

void take_left_tasks_back(Process& p) {
  if (has_left_tasks(p)) move_all(p.extras->left_tasks, p.system_tasks);
}

}  // namespace joist
