// The processes that are ready to run on one scheduler, by priority, first come first served.
// Thread-safe: any thread may add, and other schedulers steal.
#pragma once

#include <atomic>

#include "vm/base/sync.h"
#include "vm/proc/process.h"

namespace joist {

class RunQueue {
 public:
  // The length after it.
  size_t push(Process& process);
  // The next to run, or null. Processes of low priority get a turn in eight.
  Process* pop();
  // For another scheduler: half of those of the highest priority that has any which are not bound
  // to this one, chained by next_in_queue; null if there are fewer than `at_least` in all.
  Process* steal(size_t at_least);
  // A process that is elevated now and waits here goes to the line that it belongs to. False: it is
  // not here.
  bool move_up(Process& process);
  size_t length() const { return length_.load(std::memory_order_seq_cst); }
  // More than one, and not all of them bound to this scheduler.
  bool has_surplus() const {
    const size_t all = length();
    return all > 1 && all > bound_.load(std::memory_order_relaxed);
  }
  size_t length(Priority priority) const;

 private:
  struct Line {
    Process* first = nullptr;
    Process* last = nullptr;
    size_t length = 0;
  };
  static constexpr uint32_t kLowTurn = 8;

  // By its priority, or by what somebody has elevated it to.
  Line& line_of(const Process& process) JOIST_REQUIRES(mutex_);
  void append(Line& line, Process& process) JOIST_REQUIRES(mutex_);
  Process* take(Priority priority) JOIST_REQUIRES(mutex_);
  // Takes what follows `previous` in the line; null: its first.
  Process* take_after(Line& line, Process* previous) JOIST_REQUIRES(mutex_);

  mutable Mutex mutex_;
  Line lines_[kPriorities] JOIST_GUARDED_BY(mutex_);
  uint32_t normal_turns_ JOIST_GUARDED_BY(mutex_) = 0;
  std::atomic<size_t> length_{0};
  std::atomic<size_t> bound_{0};  // of those, how many are bound to this scheduler
};

}  // namespace joist
