// The schedulers as the rest of the VM sees them: queues to put ready processes into, timers, and
// who is asleep. The loop that runs processes is the engine's (vm/engine/scheduler.h).
//
// Lost wake-ups cannot happen: a scheduler announces that it sleeps (asleep), then looks at all
// queues once more, then parks; whoever queues a process looks at the announcements afterwards.
// Both sides use sequentially consistent operations, so at least one sees the other.
#pragma once

#include <memory>
#include <vector>

#include "vm/base/epoch.h"
#include "vm/os/clock.h"
#include "vm/os/thread.h"
#include "vm/sched/dirty_queue.h"
#include "vm/sched/run_queue.h"
#include "vm/sched/timers.h"

namespace joist {

class SystemFlags;  // vm/sched/system_flags.h

class Schedulers {
 public:
  struct Slot {
    RunQueue queue;
    Timers timers;
    Parker parker;
    std::unique_ptr<EpochReader> reader;  // of the thread that is this scheduler
    alignas(kCacheLine) std::atomic<bool> asleep{false};
    // It has a process in its hands, or may take one: see may_run().
    std::atomic<bool> running{false};
    // The time it has had nothing to do, in nanoseconds; idle since: 0: it works.
    std::atomic<int64_t> idle_ns{0};
    std::atomic<int64_t> idle_since_ns{0};
    std::atomic<int64_t> idle_at_start_ns{0};  // when the measuring began
    std::atomic<uint64_t> turns{0};            // how many it has begun; written by its thread alone
    std::atomic<uint64_t> ended{0};            // processes that have ended on it
    // The thread that is this scheduler, while it is one.
    std::atomic<pthread_t> thread{};
    const Registers* registers = nullptr;
  };

  // Called with a sleeping scheduler's number before it is woken for the first time.
  using Starter = void (*)(void* context, size_t scheduler);

  struct Dirty {
    size_t cpu_threads;
    size_t io_threads;
    DirtyQueue::Starter starter;
    void* context;
  };

  Schedulers(size_t count, Clock& clock, Starter starter, void* context, const Dirty& dirty);

  size_t count() const { return count_; }
  size_t online() const { return online_.load(std::memory_order_relaxed); }
  void set_online(size_t online);
  // --- blocking all but one (erlang:system_flag(multi_scheduling, _)) ---
  enum BlockKind : uint8_t { kAllSchedulers, kNormalSchedulers };
  // From the first block on only `scheduler`, the caller's, runs processes, until each block is
  // taken back. Others may still be at it: each stops when its slice is over, and then is not
  // `running`.
  void block(Term process, BlockKind kind, uint32_t scheduler);
  void unblock(Term process, BlockKind kind);
  void unblock_all(Term process);
  // Who blocks, each once.
  std::vector<Term> blockers(BlockKind kind) const;
  // Stops all schedulers but the caller's and waits until they have stopped, for an Exclusive
  // (vm/sched/exclusive.h). False: another one runs alone.
  bool begin_exclusive(uint32_t scheduler);
  void end_exclusive();
  bool only_one() const { return only_.load(std::memory_order_seq_cst) != kNone; }
  bool others_stopped(uint32_t scheduler) const;
  // By the scheduler that runs alone: lets a dirty thread of each kind have a turn, and waits for
  // its end. False: there is nothing for them to do.
  bool let_dirty_work() {
    const bool cpu = dirty_cpu_.work_while_blocked();
    return dirty_io_.work_while_blocked() || cpu;
  }
  // Asked by a scheduler that has set its `running` before it takes a process.
  bool may_run(size_t scheduler) const {
    const uint32_t only = only_.load(std::memory_order_seq_cst);
    return only == kNone ? scheduler < online() : scheduler == only;
  }
  // --- standing still: the break menu, a crash dump ---
  // No scheduler begins another slice, dirty threads take nothing new, until thaw(). The caller may
  // be one of them; it goes on with what it does. Once all_stand_still() nobody but the caller, and
  // dirty threads that are busy, touches a process. Not nested.
  void freeze();
  void thaw();
  bool is_frozen() const { return only_.load(std::memory_order_seq_cst) == kFrozen; }
  bool all_stand_still() const;
  // By a scheduler that is to stand still.
  void wait_for_thaw();
  // Which scheduler the calling thread is; kNone: none.
  uint32_t this_scheduler() const;
  // --- what schedulers do with their time (scheduler_wall_time) ---
  // Starts anew, or ends; true: it was measured before.
  bool measure_wall_time(bool on);
  bool measures_wall_time() const { return wall_time_start_ns_.load() != 0; }
  int64_t wall_time_ns(int64_t now_ns) const { return now_ns - wall_time_start_ns_.load(); }
  // Of that, the part that the scheduler has worked.
  int64_t active_ns(size_t scheduler, int64_t now_ns) const;
  Slot& slot(size_t scheduler) { return slots_[scheduler]; }
  EpochDomain& epochs() { return epochs_; }
  Clock& clock() { return clock_; }
  // What holds for all processes: null in a VM that has none.
  SystemFlags* flags() const { return flags_; }
  void attach(SystemFlags& flags) { flags_ = &flags; }
  DirtyQueue& dirty(ThreadKind kind) {
    return kind == ThreadKind::kDirtyIo ? dirty_io_ : dirty_cpu_;
  }

  // Puts the process, whose kScheduled bit the caller has set, into a queue and sees to it that
  // somebody runs it. `from`: the scheduler whose thread calls, or kNone.
  static constexpr uint32_t kNone = UINT32_MAX;
  void enqueue(Process& process, uint32_t from);
  // There is news for the process (bits of process_state, kNotified among them): makes it run
  // unless somebody has it already.
  void notify(Process& process, uint32_t news, uint32_t from);
  // Somebody of that priority, kMax or kHigh, waits for the process to handle its signals.
  void elevate(Process& process, Priority priority);
  // Signals have come for a process that a dirty thread runs: has a scheduler handle what it can.
  void look_after_dirty(Process& process, uint32_t from);
  // A scheduler that sleeps, or has no thread yet, counts as asleep.
  void announce_asleep(size_t scheduler);
  void announce_awake(size_t scheduler);
  // A scheduler that has more than it can run at once asks for help.
  void wake_one();
  void wake(size_t scheduler);
  // All that have a thread: to look after their memory.
  void wake_all();
  uint64_t ended_processes() const;
  // Takes processes from somebody else's queue: one to run, the others into the thief's own. A
  // queue with a single process is left alone, since its scheduler is about to run it, with what
  // the sender has just written still in its cache.
  Process* steal(size_t thief, size_t at_least = 2);
  // By a scheduler that is busy, now and then: looks at one of the other queues and takes over what
  // has to wait longer there, a share of it, or all where that scheduler does not get to it for
  // more urgent ones. `watch`: what it has seen so far.
  struct Watch {
    std::vector<RunQueue::Census> seen;  // of each queue
    size_t next = 0;
  };
  void balance(size_t scheduler, Watch& watch);
  // Whether there are more ready processes than their schedulers can run at once.
  bool any_surplus() const;
  size_t queued() const;

 private:
  // A value of only_: nobody.
  static constexpr uint32_t kFrozen = UINT32_MAX - 1;

  const size_t count_;
  std::atomic<size_t> online_;
  Clock& clock_;
  SystemFlags* flags_ = nullptr;
  const Starter starter_;
  void* const context_;
  EpochDomain epochs_;
  DirtyQueue dirty_cpu_;
  DirtyQueue dirty_io_;
  std::unique_ptr<Slot[]> slots_;
  std::atomic<size_t> sleepers_{0};
  std::atomic<uint32_t> only_{kNone};
  std::atomic<int64_t> wall_time_start_ns_{0};
  void take_over(size_t scheduler, Slot& from, Priority priority, size_t count);
  int64_t idle_ns(size_t scheduler, int64_t now_ns) const;
  void block_dirty(bool blocks);
  struct Block {
    Term process;
    BlockKind kind;
  };
  void set_only(uint32_t only) JOIST_REQUIRES(block_mutex_);
  mutable Mutex block_mutex_;
  Condition thawed_;
  uint32_t only_when_thawed_ JOIST_GUARDED_BY(block_mutex_) = kNone;
  std::vector<Block> blocks_ JOIST_GUARDED_BY(block_mutex_);
  bool exclusive_ JOIST_GUARDED_BY(block_mutex_) = false;
  bool schedulers_stopped(uint32_t scheduler) const;
};

}  // namespace joist
