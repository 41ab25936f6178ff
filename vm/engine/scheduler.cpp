#include "vm/engine/scheduler.h"

#include <algorithm>

#include "vm/base/config.h"
#include "vm/code/code_table.h"
#include "vm/engine/dirty.h"
#include "vm/exec/run.h"
#include "vm/os/memory_count.h"
#include "vm/os/microstates.h"
#include "vm/proc/process_table.h"
#include "vm/proc/time.h"
#include "vm/sched/elevation.h"
#include "vm/sched/exit.h"
#include "vm/sched/signal_handler.h"
#include "vm/sched/system_flags.h"
#include "vm/sched/system_task.h"
#include "vm/sched/timers.h"

namespace joist {

namespace {

// Looks at the queues this many times before it sleeps: a wake-up costs much more than a look.
constexpr int kLooksBeforeSleep = kStress ? 1 : 400;
// And at a process that waits in another's queue, before it takes it.
constexpr int kLooksBeforeRescue = kStress ? 1 : 200;
// So many processes that ended are worth a look at what of their memory can be given back.
constexpr uint64_t kEndedForTidying = 10'000;
// If there are this many bytes more than twice what is in use.
constexpr size_t kFreeForTidying = size_t{64} << 20;

}  // namespace

Scheduler::Scheduler(Schedulers& all, uint32_t index, ProcessObserver& observer, Runtime& runtime)
    : all_(all), slot_(all.slot(index)), index_(index), observer_(observer), runtime_(runtime) {
  registers_ = {};
  registers_.scheduler = index;
  registers_.thread = ThreadKind::kScheduler;
  registers_.reader = slot_.reader.get();
  slot_.registers = &registers_;
}

void Scheduler::run(const std::atomic<bool>& stop) {
  slot_.thread.store(pthread_self(), std::memory_order_relaxed);
  const MicrostateThread thread(microstates_of(all_), Microstates::Kind::kScheduler, index_ + 1);
  all_.announce_awake(index_);
  slot_.reader->online();
  end_idleness();
  while (!stop.load(std::memory_order_acquire)) {
    pass_quiescent_state();
    if (all_.is_frozen()) [[unlikely]]
      stand_still();
    if (slot_.timers.next_event_ns() != INT64_MAX) run_timers();
    if (watches_time()) [[unlikely]]
      time_offset_.look(runtime_, index_);
    Process* process = take();
    if (process != nullptr) {
      turn(*process);
    } else {
      idle(stop);
    }
  }
  begin_idleness();
  slot_.running.store(false, std::memory_order_seq_cst);
  slot_.reader->offline();
  all_.announce_asleep(index_);
  slot_.thread.store(pthread_t{}, std::memory_order_relaxed);
}

void Scheduler::pass_quiescent_state() {
  if (!slot_.reader->has_deferred()) return slot_.reader->quiescent();
  const MicrostateScope scope(Microstate::kAux);
  slot_.reader->quiescent();
}

bool Scheduler::watches_time() const { return index_ == 0 && runtime_.time->is_watched(); }

void Scheduler::stand_still() {
  slot_.running.store(false, std::memory_order_seq_cst);
  slot_.reader->offline();
  all_.wait_for_thaw();
  slot_.reader->online();
}

Process* Scheduler::take() {
  if (!slot_.running.load(std::memory_order_relaxed)) {
    slot_.running.store(true, std::memory_order_seq_cst);
  }
  if (all_.may_run(index_)) [[likely]] {
    Process* process = slot_.queue.pop();
    if (all_.only_one()) [[unlikely]]
      return take_alone(process);
    return process != nullptr ? process : all_.steal(index_);
  }
  while (!all_.is_frozen()) {
    Process* other = slot_.queue.pop();
    if (other == nullptr) break;
    all_.enqueue(*other, Schedulers::kNone);
  }
  slot_.running.store(false, std::memory_order_seq_cst);
  return nullptr;
}

// While the others are blocked: dirty threads have their turns in between. One thread works at a
// time, and so it is counted.
Process* Scheduler::take_alone(Process* process) {
  const MicrostateScope scope(Microstate::kSleep);
  begin_idleness();
  slot_.reader->offline();
  while (all_.let_dirty_work() && process == nullptr) process = slot_.queue.pop();
  slot_.reader->online();
  end_idleness();
  return process != nullptr ? process : all_.steal(index_);
}

void Scheduler::run_timers() {
  const int64_t now = all_.clock().monotonic_ns();
  if (now >= slot_.timers.next_event_ns()) slot_.timers.run_expired(now, all_, index_);
}

// A process that is alone in a queue, and whose scheduler has not turned to it for a while, is
// better off here.
Process* Scheduler::rescue() {
  for (size_t i = 0; i < all_.count(); ++i) {
    if (i != index_ && all_.slot(i).queue.length() != 0) {
      const uint64_t turns = all_.slot(i).turns.load(std::memory_order_relaxed);
      if (i == watched_ && turns == watched_turns_ && ++watched_looks_ >= kLooksBeforeRescue) {
        watched_looks_ = 0;
        return all_.steal(index_, 1);
      }
      if (i != watched_ || turns != watched_turns_) watched_looks_ = 0;
      watched_ = i;
      watched_turns_ = turns;
      return nullptr;
    }
  }
  return nullptr;
}

void Scheduler::begin_idleness() {
  slot_.idle_since_ns.store(all_.clock().monotonic_ns(), std::memory_order_relaxed);
}

void Scheduler::end_idleness() {
  const int64_t since = slot_.idle_since_ns.exchange(0, std::memory_order_relaxed);
  const int64_t idle = slot_.idle_ns.load(std::memory_order_relaxed);
  slot_.idle_ns.store(idle + all_.clock().monotonic_ns() - since, std::memory_order_relaxed);
}

void Scheduler::idle(const std::atomic<bool>& stop) {
  const bool may_run = slot_.running.load(std::memory_order_relaxed);
  // A short look costs less than asking the clock when it began; it counts as work.
  for (int look = 0; may_run && look < kLooksBeforeSleep; ++look) {
    if (slot_.queue.length() != 0 || all_.any_surplus()) return;
    if (Process* process = rescue()) return turn(*process);
    cpu_relax();
  }
  begin_idleness();
  wait_for_work(stop, may_run);
  end_idleness();
}

void Scheduler::wait_for_work(const std::atomic<bool>& stop, bool may_run) {
  slot_.running.store(false, std::memory_order_seq_cst);
  all_.announce_asleep(index_);
  tidy_memory();
  const bool has_work = slot_.queue.length() != 0 || (may_run && all_.any_surplus());
  if (!has_work && !stop.load(std::memory_order_seq_cst)) {
    slot_.reader->offline();
    sleep();
    slot_.reader->online();
  }
  all_.announce_awake(index_);
}

// Once many processes have ended, each scheduler gives back what was theirs, when it has nothing
// better to do: it owns the memory that it has allocated, whoever has freed it.
void Scheduler::tidy_memory() {
  const MicrostateScope scope(Microstate::kAux);
  const uint64_t ended = all_.ended_processes();
  if (ended - ended_when_tidied_ < kEndedForTidying || slot_.reader->has_deferred()) return;
  ended_when_tidied_ = ended;
  const auto in_use = static_cast<size_t>(counted_memory(MemoryUse::kProcesses) +
                                          counted_memory(MemoryUse::kBinaries));
  if (resident_bytes() > 2 * in_use + kFreeForTidying) return_free_memory();
}

void Scheduler::sleep() {
  const MicrostateScope scope(Microstate::kSleep);
  // What is to be freed soon should not wait for work to come.
  constexpr int64_t kReclaimNs = 1'000'000;
  constexpr int64_t kTidyNs = 100'000'000;
  int64_t longest = INT64_MAX;
  if (slot_.reader->has_deferred()) {
    longest = kReclaimNs;
  } else if (all_.ended_processes() - ended_when_tidied_ >= kEndedForTidying) {
    longest = kTidyNs;
  }
  if (watches_time()) longest = std::min(longest, TimeOffsetWatch::kIntervalNs);
  const int64_t event = slot_.timers.next_event_ns();
  if (event == INT64_MAX) return slot_.parker.park(longest == INT64_MAX ? -1 : longest);
  const int64_t wait = std::min(longest, event - all_.clock().monotonic_ns());
  if (wait > 0) slot_.parker.park(wait);
}

void Scheduler::turn(Process& p) {
  slot_.turns.store(slot_.turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  const uint32_t state = p.state.load(std::memory_order_acquire);
  if ((state & process_state::kAside) != 0 && !look_after_dirty(p)) [[unlikely]]
    return;
  p.registers = &registers_;
  p.scheduler = index_;
  registers_.process = &p;
  p.reductions = kReductionsPerSlice;
  const bool is_traced = (p.trace_flags & trace_flag::kTurns) != 0;
  if (is_traced) [[unlikely]]
    runtime_.trace->scheduled(p, true);
  if (p.exit_stage != 0) return end(p);
  p.load_registers();
  if ((state & process_state::kElevated) != 0) [[unlikely]] {
    p.state.fetch_and(~process_state::kElevated, std::memory_order_seq_cst);
  }
  if ((p.state.load(std::memory_order_acquire) & process_state::kNotified) != 0) handle_signals(p);
  if ((state & process_state::kElevated) != 0 && p.is_exiting) [[unlikely]] {
    // Who waits for an answer gets it from what is left of the process, maybe turns later.
    p.state.fetch_or(state & process_state::kElevated, std::memory_order_seq_cst);
  }
  if (p.is_exiting) return end(p);
  if (p.due_collection == DueCollection::kFailed) [[unlikely]] {
    p.is_exiting = true;
    return end(p);
  }
  bool has_left = false;
  if (p.system_tasks != nullptr) {
    if (!run_system_tasks_gc(p)) return end(p);
    has_left = has_left_tasks(p);
  }
  const bool is_due = p.due_collection != DueCollection::kNone && p.suspended == nullptr;
  if (is_due || has_left) [[unlikely]] {
    p.save_registers();
    if ((p.trace_flags & trace_flag::kTurns) != 0) runtime_.trace->scheduled(p, false);
    return collect(p);
  }
  if (p.suspend_count != 0 || p.host_is_idle) {
    p.save_registers();
    if ((p.trace_flags & trace_flag::kTurns) != 0) runtime_.trace->scheduled(p, false);
    return release(p);
  }
  p.run_outcome = RunOutcome::kYielded;
  run_slice(p);
  settle(p);
}

void Scheduler::run_slice(Process& p) {
  const MicrostateScope scope(Microstate::kEmulator);
  if (runtime_.trace->long_schedule_ns.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    run_timed(p);
  } else {
    run_process(p);
  }
  if (runtime_.trace->monitors_queues.load(std::memory_order_relaxed)) [[unlikely]] {
    if (p.run_outcome != RunOutcome::kExited && !p.is_exiting) runtime_.trace->look_at_queue(p);
  }
}

// For system_monitor's long_schedule.
void Scheduler::run_timed(Process& p) {
  const Cell* in = p.code_pointer;
  const int64_t start = all_.clock().monotonic_ns();
  run_process(p);
  const int64_t ns = all_.clock().monotonic_ns() - start;
  const int64_t limit = runtime_.trace->long_schedule_ns.load(std::memory_order_relaxed);
  if (limit != 0 && ns >= limit) runtime_.trace->ran_long(p, in, ns);
}

void Scheduler::settle(Process& p) {
  const int64_t used = kReductionsPerSlice - p.reductions;
  p.reductions_done += static_cast<uint64_t>(used);
  runtime_.statistics.reductions.fetch_add(static_cast<uint64_t>(used), std::memory_order_relaxed);
  runtime_.statistics.context_switches.fetch_add(1, std::memory_order_relaxed);
  balance(used);
  if (p.run_outcome == RunOutcome::kExited || p.is_exiting) {
    p.reductions = kReductionsPerSlice;
    return end(p);
  }
  p.save_registers();
  if ((p.trace_flags & trace_flag::kTurns) != 0) [[unlikely]]
    runtime_.trace->scheduled(p, false);
  if (p.due_collection != DueCollection::kNone && p.suspended == nullptr) [[unlikely]] {
    return collect(p);
  }
  if (p.run_outcome == RunOutcome::kDirty) [[unlikely]] {
    const bool io = p.suspended == nullptr && runtime_.code->find_stub(p.code_pointer)->dirty_io;
    return all_.dirty(io ? ThreadKind::kDirtyIo : ThreadKind::kDirtyCpu).push(p);
  }
  if (p.run_outcome == RunOutcome::kWaiting && p.system_tasks == nullptr) return release(p);
  all_.enqueue(p, index_);
}

void Scheduler::balance(int64_t reductions) {
  reductions_to_balance_ -= reductions;
  if (reductions_to_balance_ > 0) [[likely]]
    return;
  reductions_to_balance_ = kReductionsToBalance;
  all_.balance(index_, balance_watch_);
}

// By a dirty thread; here while these are stopped. Either way the process runs on where it was.
void Scheduler::collect(Process& p) {
  if (!all_.only_one()) return all_.dirty(ThreadKind::kDirtyCpu).push(p);
  p.load_registers();
  run_left_tasks_gc(p);
  p.save_registers();
  all_.enqueue(p, index_);
}

void Scheduler::release(Process& p) {
  uint32_t state = p.state.load(std::memory_order_relaxed);
  do {
    if ((state & process_state::kNotified) != 0) return all_.enqueue(p, index_);
  } while (!p.state.compare_exchange_weak(state, state & ~process_state::kScheduled,
                                          std::memory_order_seq_cst, std::memory_order_relaxed));
}

void Scheduler::end(Process& p) {
  if (p.is_host && p.exit_stage == 0) {
    // The value of a call that has returned: registers belong to the scheduler.
    p.live = 1;
    p.save_registers();
    p.host_is_idle = true;
    p.host_raised = p.exited_by_exception;
    if (!p.is_exiting && !p.host_raised && p.exit_reason == atoms::normal) {
      return observer_.host_stopped(p);
    }
  }
  if (p.exited_by_exception && !p.is_host) observer_.crashed(p);
  final_exit_reason(p);
  if (!continue_exit(p)) {
    if ((p.trace_flags & trace_flag::kTurns) != 0) runtime_.trace->scheduled(p, false);
    if (is_long_to_tell(p)) [[unlikely]] {
      return all_.dirty(ThreadKind::kDirtyCpu).push(p);
    }
    return all_.enqueue(p, index_);
  }
  if (p.is_host) return observer_.host_stopped(p);
  // Others may still look at the record, but not into its heap: binaries that only it has held are
  // to be gone when its end can be seen, and their number of references right.
  p.heap.release();
  slot_.reader->retire(&p, destroy_process);
  if (++slot_.ended % kEndedForTidying == 0) all_.wake_all();
}

void destroy_process(void* memory) {
  auto* process = static_cast<Process*>(memory);
  count_memory(MemoryUse::kProcesses, -static_cast<int64_t>(sizeof(Process)));
  stop_receive_timer(*process);  // it runs still if the process ends with the VM
  delete process->receive_timer;
  delete process;
}

}  // namespace joist
