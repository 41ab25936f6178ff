#include "vm/sched/timers.h"

#include "vm/sched/schedulers.h"

namespace joist {

namespace {

uint64_t tick_of(int64_t ns) { return static_cast<uint64_t>(ns / kNanosecondsPerTick); }

}  // namespace

void Timers::start(Timer& timer, int64_t now_ns, uint64_t ticks) {
  // The tick that has begun is not a whole one.
  insert(timer, now_ns, tick_of(now_ns) + ticks + 1);
}

void Timers::start_at(Timer& timer, int64_t now_ns, int64_t deadline_ns) {
  insert(timer, now_ns, deadline_ns <= 0 ? 0 : tick_of(deadline_ns - 1) + 1);
}

void Timers::insert(Timer& timer, int64_t now_ns, uint64_t deadline) {
  MutexLock lock(mutex_);
  timer.timers = this;
  wheel_.skip_to(tick_of(now_ns));
  wheel_.insert(timer, deadline);
  update_next_event();
}

bool Timers::cancel(Timer& timer) {
  Timers* timers = timer.timers;
  if (timers == nullptr) return false;
  MutexLock lock(timers->mutex_);
  if (!timer.linked()) return false;
  timers->wheel_.remove(timer);
  return true;
}

void Timers::update_next_event() {
  const uint64_t tick = wheel_.next_event();
  next_event_ns_.store(
      tick == UINT64_MAX ? INT64_MAX : static_cast<int64_t>(tick) * kNanosecondsPerTick,
      std::memory_order_relaxed);
}

void Timers::run_expired(int64_t now_ns, Schedulers& schedulers, uint32_t scheduler) {
  {
    List<TimerNode> expired;
    MutexLock lock(mutex_);
    wheel_.expire(tick_of(now_ns), expired);
    update_next_event();
    // Unlinked under the lock: cancel() tells by that.
    while (TimerNode* node = expired.pop_front()) {
      auto* timer = static_cast<Timer*>(node);
      if (timer->expiring != nullptr) timer->expiring(*timer);
      expired_.push_back(timer);
    }
  }
  for (Timer* timer : expired_) timer->expired(*timer, schedulers, scheduler);
  expired_.clear();
}

size_t Timers::count() const {
  MutexLock lock(mutex_);
  return wheel_.count();
}

void start_receive_timer(Process& process, uint64_t milliseconds) {
  Schedulers& schedulers = *process.runtime->schedulers;
  if (process.receive_timer == nullptr) {
    auto* timer = new ReceiveTimer;
    timer->process = &process;
    // Told under the lock: once cancel() has failed, the process can clear the bit for good.
    timer->expiring = [](Timer& expired) {
      static_cast<ReceiveTimer&>(expired).process->state.fetch_or(process_state::kTimedOut,
                                                                  std::memory_order_relaxed);
    };
    timer->expired = [](Timer& expired, Schedulers& all, uint32_t scheduler) {
      all.notify(*static_cast<ReceiveTimer&>(expired).process, process_state::kNotified, scheduler);
    };
    process.receive_timer = timer;
  }
  process.receive_timer_active = true;
  schedulers.slot(process.registers->scheduler)
      .timers.start(*process.receive_timer, schedulers.clock().monotonic_ns(), milliseconds);
}

void wait_without_timer(Process& process) { process.receive_timer_active = true; }

void stop_receive_timer(Process& process) {
  if (!process.receive_timer_active) return;
  process.receive_timer_active = false;
  if (process.receive_timer == nullptr) return;  // nothing but `infinity` so far
  Timers::cancel(*process.receive_timer);
  process.state.fetch_and(~process_state::kTimedOut, std::memory_order_relaxed);
}

}  // namespace joist
