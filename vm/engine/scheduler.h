// The loop of one scheduler: take the next process, handle its signals, run it for a slice, put it
// where it belongs now; when there is nothing, help others or sleep.
#pragma once

#include <atomic>

#include "vm/proc/process.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/time_offset.h"

namespace joist {

// What the loop tells about ends of processes.
class ProcessObserver {
 public:
  virtual ~ProcessObserver() = default;
  // The process has ended with an exception, before others are told.
  virtual void crashed(Process& process) = 0;
  // The host's call is over: process.run_outcome tells how.
  virtual void host_stopped(Process& process) = 0;
};

class Scheduler {
 public:
  Scheduler(Schedulers& all, uint32_t index, ProcessObserver& observer, Runtime& runtime);

  // Works until `*stop` is set. wake() makes it look.
  void run(const std::atomic<bool>& stop);
  uint32_t index() const { return index_; }
  Registers& registers() { return registers_; }

 private:
  // Some ten milliseconds of work.
  static constexpr int64_t kReductionsToBalance = int64_t{64} * kReductionsPerSlice;

  void turn(Process& process);
  void settle(Process& process);
  void collect(Process& process);
  void run_slice(Process& process);
  void run_timed(Process& process);
  void end(Process& process);
  // Lets go of a process that has nothing to do; it may be somebody else's at once.
  void release(Process& process);
  void run_timers();
  // Frees what nobody can see any more.
  void pass_quiescent_state();
  // The next process to run; null: there is none, or others are to run it.
  Process* take();
  Process* take_alone(Process* process);
  // Until the schedulers are thawed.
  void stand_still();
  void begin_idleness();
  void end_idleness();
  void idle(const std::atomic<bool>& stop);
  // Sleeps until there may be work.
  void wait_for_work(const std::atomic<bool>& stop, bool may_run);
  Process* rescue();
  void sleep();
  void tidy_memory();
  void balance(int64_t reductions);
  bool watches_time() const;

  Schedulers& all_;
  Schedulers::Slot& slot_;
  const uint32_t index_;
  ProcessObserver& observer_;
  Runtime& runtime_;
  Registers registers_;
  // What rescue() has seen.
  size_t watched_ = SIZE_MAX;
  uint64_t watched_turns_ = 0;
  int watched_looks_ = 0;
  uint64_t ended_when_tidied_ = 0;
  TimeOffsetWatch time_offset_;  // of the first scheduler
  Schedulers::Watch balance_watch_;
  int64_t reductions_to_balance_ = kReductionsToBalance;
};

// Frees the record of a process that is over: the Destroy of EpochReader::retire.
void destroy_process(void* process);

}  // namespace joist
