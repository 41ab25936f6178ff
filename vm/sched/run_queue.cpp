#include "vm/sched/run_queue.h"

#include <algorithm>

#include "vm/proc/process_extras.h"
#include "vm/sched/elevation.h"

namespace joist {

namespace {

bool is_bound(const Process& process) {
  return bound_scheduler(process) != Process::Extras::kUnbound;
}

}  // namespace

RunQueue::Line& RunQueue::line_of(const Process& process) {
  const uint32_t state = process.state.load(std::memory_order_seq_cst);
  Priority priority = process.priority;
  if ((state & process_state::kElevatedMax) != 0) {
    priority = Priority::kMax;
  } else if ((state & process_state::kElevatedHigh) != 0) {
    priority = std::min(priority, Priority::kHigh);
  }
  return lines_[static_cast<size_t>(priority)];
}

void RunQueue::append(Line& line, Process& process) {
  process.next_in_queue = nullptr;
  (line.first == nullptr ? line.first : line.last->next_in_queue) = &process;
  line.last = &process;
  ++line.length;
}

size_t RunQueue::push(Process& process) {
  MutexLock lock(mutex_);
  append(line_of(process), process);
  if (is_bound(process)) bound_.fetch_add(1, std::memory_order_relaxed);
  const size_t length = length_.load(std::memory_order_relaxed) + 1;
  length_.store(length, std::memory_order_seq_cst);
  return length;
}

Process* RunQueue::take_after(Line& line, Process* previous) {
  Process*& link = previous == nullptr ? line.first : previous->next_in_queue;
  Process* process = link;
  link = process->next_in_queue;
  if (line.last == process) line.last = previous;
  --line.length;
  return process;
}

Process* RunQueue::take(Priority priority) {
  Line& line = lines_[static_cast<size_t>(priority)];
  if (line.first == nullptr) return nullptr;
  Process* process = take_after(line, nullptr);
  if (is_bound(*process)) bound_.fetch_sub(1, std::memory_order_relaxed);
  length_.store(length_.load(std::memory_order_relaxed) - 1, std::memory_order_seq_cst);
  return process;
}

Process* RunQueue::pop() {
  if (length_.load(std::memory_order_relaxed) == 0) return nullptr;
  MutexLock lock(mutex_);
  Process* process = take(Priority::kMax);
  if (process == nullptr) process = take(Priority::kHigh);
  if (process != nullptr) return process;
  const bool low_first = ++normal_turns_ % kLowTurn == 0;
  process = take(low_first ? Priority::kLow : Priority::kNormal);
  return process != nullptr ? process : take(low_first ? Priority::kNormal : Priority::kLow);
}

Process* RunQueue::steal(size_t at_least) {
  if (length_.load(std::memory_order_relaxed) < at_least) return nullptr;
  MutexLock lock(mutex_);
  const size_t length = length_.load(std::memory_order_relaxed);
  if (length < at_least) return nullptr;
  for (Line& line : lines_) {
    const size_t share = (line.length + 1) / 2;
    Process* first = nullptr;
    Process** end = &first;
    size_t taken = 0;
    Process* previous = nullptr;
    for (Process* next = line.first; next != nullptr && taken < share;) {
      if (is_bound(*next)) {
        previous = next;
        next = next->next_in_queue;
        continue;
      }
      Process* process = take_after(line, previous);
      next = process->next_in_queue;
      *end = process;
      end = &process->next_in_queue;
      ++taken;
    }
    *end = nullptr;
    if (taken == 0) continue;
    length_.store(length - taken, std::memory_order_seq_cst);
    return first;
  }
  return nullptr;
}

bool RunQueue::move_up(Process& process) {
  if (length_.load(std::memory_order_seq_cst) == 0) return false;
  MutexLock lock(mutex_);
  for (Line& line : lines_) {
    Process* previous = nullptr;
    for (Process* at = line.first; at != nullptr; previous = at, at = at->next_in_queue) {
      if (at != &process) continue;
      append(line_of(process), *take_after(line, previous));
      return true;
    }
  }
  return false;
}

size_t RunQueue::length(Priority priority) const {
  MutexLock lock(mutex_);
  return lines_[static_cast<size_t>(priority)].length;
}

}  // namespace joist
