// The schedulers as the rest of the VM sees them: queues to put ready processes into, timers, and
// who is asleep. The loop that runs processes is the engine's (vm/engine/scheduler.h).
//
// Lost wake-ups cannot happen: a scheduler announces that it sleeps (asleep), then looks at all
// queues once more, then parks; whoever queues a process looks at the announcements afterwards.
// Both sides use sequentially consistent operations, so at least one sees the other.
#pragma once

#include <memory>

#include "vm/base/epoch.h"
#include "vm/os/clock.h"
#include "vm/os/thread.h"
#include "vm/sched/run_queue.h"
#include "vm/sched/timers.h"

namespace joist {

class Schedulers {
 public:
  struct Slot {
    RunQueue queue;
    Timers timers;
    Parker parker;
    std::unique_ptr<EpochReader> reader;  // of the thread that is this scheduler
    alignas(kCacheLine) std::atomic<bool> asleep{false};
    // What it does with its time (statistics, scheduler_wall_time), in nanoseconds.
    std::atomic<uint64_t> busy_ns{0};
    std::atomic<uint64_t> reductions{0};
    std::atomic<uint64_t> turns{0};  // how many it has begun; written by its thread alone
  };

  // Called with a sleeping scheduler's number before it is woken for the first time.
  using Starter = void (*)(void* context, size_t scheduler);

  Schedulers(size_t count, Clock& clock, Starter starter, void* context);

  size_t count() const { return count_; }
  size_t online() const { return online_.load(std::memory_order_relaxed); }
  void set_online(size_t online);
  Slot& slot(size_t scheduler) { return slots_[scheduler]; }
  EpochDomain& epochs() { return epochs_; }
  Clock& clock() { return clock_; }

  // Puts the process, whose kScheduled bit the caller has set, into a queue and sees to it that
  // somebody runs it. `from`: the scheduler whose thread calls, or kNone.
  static constexpr uint32_t kNone = UINT32_MAX;
  void enqueue(Process& process, uint32_t from);
  // There is news for the process (bits of process_state, kNotified among them): makes it run
  // unless somebody has it already.
  void notify(Process& process, uint32_t news, uint32_t from);
  // A scheduler that sleeps, or has no thread yet, counts as asleep.
  void announce_asleep(size_t scheduler);
  void announce_awake(size_t scheduler);
  // A scheduler that has more than it can run at once asks for help.
  void wake_one();
  void wake(size_t scheduler);
  // Takes processes from somebody else's queue: one to run, the others into the thief's own. A
  // queue with a single process is left alone, since its scheduler is about to run it, with what
  // the sender has just written still in its cache.
  Process* steal(size_t thief, size_t at_least = 2);
  bool any_queued() const;
  // Whether there are more ready processes than their schedulers can run at once.
  bool any_surplus() const;
  size_t queued() const;

 private:
  const size_t count_;
  std::atomic<size_t> online_;
  Clock& clock_;
  const Starter starter_;
  void* const context_;
  EpochDomain epochs_;
  std::unique_ptr<Slot[]> slots_;
  std::atomic<size_t> sleepers_{0};
};

}  // namespace joist
