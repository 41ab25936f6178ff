// The timers of one scheduler: a wheel behind a lock, since a process may be moved to another
// scheduler while its timer runs here. What to do when a timer expires is told by its kind.
#pragma once

#include <vector>

#include "vm/base/sync.h"
#include "vm/proc/process.h"
#include "vm/sched/timer_wheel.h"

namespace joist {

class Schedulers;
class Timers;

inline constexpr int64_t kNanosecondsPerTick = 1'000'000;

struct Timer : TimerNode {
  Timers* timers = nullptr;  // where it runs; null: nowhere
  // Called when it has expired, without the lock. It may free the timer.
  void (*expired)(Timer& timer, Schedulers& schedulers, uint32_t scheduler) = nullptr;
  // Called with the lock, before: for what a cancel must not miss. May be null.
  void (*expiring)(Timer& timer) = nullptr;
};

class Timers {
 public:
  // Expires `ticks` whole ticks from now at the earliest. Any thread.
  void start(Timer& timer, int64_t now_ns, uint64_t ticks);
  // At that moment.
  void start_at(Timer& timer, int64_t now_ns, int64_t deadline_ns);
  // False: it has expired, or is about to: expiring() has been called.
  static bool cancel(Timer& timer);

  // Only by the scheduler's own thread.
  void run_expired(int64_t now_ns, Schedulers& schedulers, uint32_t scheduler);
  // When to call run_expired() next, at the latest; INT64_MAX: there is no timer.
  int64_t next_event_ns() const { return next_event_ns_.load(std::memory_order_relaxed); }
  size_t count() const;

 private:
  void insert(Timer& timer, int64_t now_ns, uint64_t deadline);
  void update_next_event() JOIST_REQUIRES(mutex_);

  mutable Mutex mutex_;
  TimerWheel wheel_ JOIST_GUARDED_BY(mutex_);
  std::atomic<int64_t> next_event_ns_{INT64_MAX};
  std::vector<Timer*> expired_;  // scratch of run_expired()
};

// The time a process waits in `receive ... after`.
struct ReceiveTimer : Timer {
  Process* process = nullptr;
};
// Starts the process' timer; `milliseconds` > 0.
void start_receive_timer(Process& process, uint64_t milliseconds);
// The time is `infinity`: as if there were a timer, since the time is looked at once only in a
// receive. It may be in an x register, which does not outlive the first wait.
void wait_without_timer(Process& process);
// Stops it and forgets that it has run out.
void stop_receive_timer(Process& process);

}  // namespace joist
