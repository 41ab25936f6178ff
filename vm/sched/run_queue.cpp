#include "vm/sched/run_queue.h"

namespace joist {

size_t RunQueue::push(Process& process) {
  MutexLock lock(mutex_);
  Line& line = lines_[static_cast<size_t>(process.priority)];
  process.next_in_queue = nullptr;
  (line.first == nullptr ? line.first : line.last->next_in_queue) = &process;
  line.last = &process;
  ++line.length;
  const size_t length = length_.load(std::memory_order_relaxed) + 1;
  length_.store(length, std::memory_order_seq_cst);
  return length;
}

Process* RunQueue::take(Priority priority) {
  Line& line = lines_[static_cast<size_t>(priority)];
  Process* process = line.first;
  if (process == nullptr) return nullptr;
  line.first = process->next_in_queue;
  --line.length;
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
  if (length_.load(std::memory_order_relaxed) < at_least) return nullptr;
  for (size_t priority = 0; priority < kPriorities; ++priority) {
    const size_t share = (lines_[priority].length + 1) / 2;
    if (share == 0) continue;
    Process* first = take(static_cast<Priority>(priority));
    Process* last = first;
    for (size_t i = 1; i < share; ++i) {
      last->next_in_queue = take(static_cast<Priority>(priority));
      last = last->next_in_queue;
    }
    last->next_in_queue = nullptr;
    return first;
  }
  return nullptr;
}

size_t RunQueue::length(Priority priority) const {
  MutexLock lock(mutex_);
  return lines_[static_cast<size_t>(priority)].length;
}

}  // namespace joist
