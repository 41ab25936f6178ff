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
  // The next to run, or null. A process of low priority gets a turn for eight that one of normal
  // priority gets, however many there are of each.
  Process* pop();
  // For another scheduler: half of those of the highest priority that has any which are not bound
  // to this one, chained by next_in_queue; null if there are fewer than `at_least` in all.
  Process* steal(size_t at_least);
  // For another scheduler, too: the first of that priority that are not bound, up to `count` of
  // them, chained.
  Process* give(Priority priority, size_t count);
  // How many wait, and how many have been taken so far, by priority.
  struct Census {
    size_t waiting[kPriorities] = {};
    uint64_t taken[kPriorities] = {};
  };
  Census census() const;
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
    uint64_t taken = 0;  // to be run
  };
  static constexpr size_t kNormalTurns = 8;  // for one of a process of low priority

  // By its priority, or by what somebody has elevated it to.
  Line& line_of(const Process& process) JOIST_REQUIRES(mutex_);
  void append(Line& line, Process& process) JOIST_REQUIRES(mutex_);
  Process* take(Priority priority) JOIST_REQUIRES(mutex_);
  // Takes what follows `previous` in the line; null: its first.
  Process* take_after(Line& line, Process* previous) JOIST_REQUIRES(mutex_);
  Process* give_from(Line& line, size_t count) JOIST_REQUIRES(mutex_);
  bool is_low_turn() JOIST_REQUIRES(mutex_);

  mutable Mutex mutex_;
  Line lines_[kPriorities] JOIST_GUARDED_BY(mutex_);
  size_t low_credit_ JOIST_GUARDED_BY(mutex_) = 0;
  std::atomic<size_t> length_{0};
  std::atomic<size_t> bound_{0};  // of those, how many are bound to this scheduler
};

}  // namespace joist
