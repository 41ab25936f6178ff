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
  ++line.taken;
  if (is_bound(*process)) bound_.fetch_sub(1, std::memory_order_relaxed);
  length_.store(length_.load(std::memory_order_relaxed) - 1, std::memory_order_seq_cst);
  return process;
}

// Were all in one line, and those of low priority passed over seven times out of eight, then so
// many turns of a round were theirs.
bool RunQueue::is_low_turn() {
  const size_t low = lines_[static_cast<size_t>(Priority::kLow)].length;
  const size_t normal = lines_[static_cast<size_t>(Priority::kNormal)].length;
  if (low == 0 || normal == 0) return normal == 0;
  const size_t round = kNormalTurns * normal + low;
  low_credit_ += low;
  if (low_credit_ < round) return false;
  low_credit_ = std::min(low_credit_ - round, round);  // what counted once may have gone
  return true;
}

Process* RunQueue::pop() {
  if (length_.load(std::memory_order_relaxed) == 0) return nullptr;
  MutexLock lock(mutex_);
  Process* process = take(Priority::kMax);
  if (process == nullptr) process = take(Priority::kHigh);
  if (process != nullptr) return process;
  return take(is_low_turn() ? Priority::kLow : Priority::kNormal);
}

Process* RunQueue::give_from(Line& line, size_t count) {
  Process* first = nullptr;
  Process** end = &first;
  size_t given = 0;
  Process* previous = nullptr;
  for (Process* next = line.first; next != nullptr && given < count;) {
    if (is_bound(*next)) {
      previous = next;
      next = next->next_in_queue;
      continue;
    }
    Process* process = take_after(line, previous);
    next = process->next_in_queue;
    *end = process;
    end = &process->next_in_queue;
    ++given;
  }
  *end = nullptr;
  length_.store(length_.load(std::memory_order_relaxed) - given, std::memory_order_seq_cst);
  return first;
}

Process* RunQueue::steal(size_t at_least) {
  if (length_.load(std::memory_order_relaxed) < at_least) return nullptr;
  MutexLock lock(mutex_);
  if (length_.load(std::memory_order_relaxed) < at_least) return nullptr;
  for (Line& line : lines_) {
    Process* first = give_from(line, (line.length + 1) / 2);
    if (first != nullptr) return first;
  }
  return nullptr;
}

Process* RunQueue::give(Priority priority, size_t count) {
  MutexLock lock(mutex_);
  return give_from(lines_[static_cast<size_t>(priority)], count);
}

RunQueue::Census RunQueue::census() const {
  MutexLock lock(mutex_);
  Census census;
  for (size_t i = 0; i < kPriorities; ++i) {
    census.waiting[i] = lines_[i].length;
    census.taken[i] = lines_[i].taken;
  }
  return census;
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
