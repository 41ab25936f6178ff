#include "vm/engine/dirty.h"

#include <algorithm>
#include <cstdio>

#include "vm/base/config.h"
#include "vm/code/code_table.h"
#include "vm/os/microstates.h"
#include "vm/sched/dirty_call.h"
#include "vm/sched/exit.h"
#include "vm/sched/signal_handler.h"
#include "vm/sched/system_flags.h"
#include "vm/sched/system_task.h"

namespace joist {

namespace {

// What a dirty native's entry calls on a scheduler.
Term leave_for_dirty(Process& p, const Term*) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  p.outcome = NativeOutcome::kDirty;
  return Term::none();
}

// The reader is offline while the native runs: it may take its time without keeping all others
// from freeing what they have retired.
void run_native(Process& p, EpochReader& reader) {
  const MicrostateScope scope(Microstate::kEmulator);
  if (p.suspended != nullptr) {
    p.reductions = kReductionsPerSlice;
    reader.offline();
    static_cast<DirtyInstruction&>(*p.suspended).run(p);
    reader.online();
    p.reductions_done += static_cast<uint64_t>(kReductionsPerSlice - p.reductions);
    return;
  }
  const ExportEntry* entry = p.runtime->code->find_stub(p.code_pointer);
  // One that hands over only its long calls is the entry's native itself.
  const NativeFunction native =
      entry->dirty_native != nullptr ? entry->dirty_native : entry->native;
  const uint32_t arity = p.live;
  auto kept = std::make_unique<KeptOutcome>();
  reader.offline();
  do {
    p.reductions = kReductionsPerSlice;
    kept->value = native(p, p.registers->x);
    kept->reductions += static_cast<uint64_t>(kReductionsPerSlice - p.reductions);
  } while (kept->value.is_none() && p.outcome == NativeOutcome::kYield);
  reader.online();
  if (kept->value.is_none() && p.outcome == NativeOutcome::kDirty) {
    // A KeptCopy, with which it goes on as after any of its slices.
    JOIST_CHECK(p.suspended != nullptr);
    p.reductions_done += kept->reductions;
    p.live = arity;
    return;
  }
  kept->outcome = p.outcome;
  if (kept->value.is_none()) {
    JOIST_CHECK(p.outcome != NativeOutcome::kHibernate);
    JOIST_CHECK(p.outcome != NativeOutcome::kRest);
    if (p.outcome == NativeOutcome::kTrap) {
      kept->trap_arguments.assign(p.registers->x, p.registers->x + p.live);
    }
  }
  p.live = arity;  // the stub's arguments are still the saved registers
  if (kept->value.is_none() && kept->outcome == NativeOutcome::kRaise) {
    p.save_registers();  // unless the native has put others there, for the stack trace to show
  }
  p.suspended = std::move(kept);
}

// Whoever has what came meanwhile: a scheduler, if the dirty thread may not touch it.
void begin_hold(Schedulers& all, Process& p, uint32_t states) {
  p.state.fetch_or(states, std::memory_order_seq_cst);
  // For what came between.
  if (!p.signals.empty()) all.look_after_dirty(p, Schedulers::kNone);
}

void turn(Schedulers& all, Process& p, Registers& registers) {
  p.registers = &registers;
  registers.process = &p;
  if (p.exit_stage != 0) {
    tell_end(p);
    return all.enqueue(p, Schedulers::kNone);
  }
  p.load_registers();
  if ((p.state.load(std::memory_order_acquire) & process_state::kNotified) != 0) handle_signals(p);
  if (p.is_exiting) return release_dirty(all, p);
  const bool is_due = p.due_collection != DueCollection::kNone && p.suspended == nullptr;
  if (is_due || has_left_tasks(p)) {
    begin_hold(all, p, process_state::kDirty | process_state::kCollecting);
    run_left_tasks_gc(p);
    p.save_registers();
  } else {
    begin_hold(all, p, process_state::kDirty);
    run_native(p, *registers.reader);
  }
  release_dirty(all, p);
}

}  // namespace

void make_dirty(ExportEntry& entry, bool io) {
  entry.dirty_native = entry.native;
  entry.dirty_io = io;
  entry.native = entry.entered = leave_for_dirty;
}

void release_dirty(Schedulers& all, Process& p) {
  using namespace process_state;
  const uint32_t before =
      p.state.fetch_and(~(kDirty | kDoomed | kCollecting), std::memory_order_seq_cst);
  if ((before & kAside) != 0) return;
  if (p.late_signals != nullptr) p.state.fetch_or(kNotified, std::memory_order_relaxed);
  all.enqueue(p, Schedulers::kNone);
}

bool look_after_dirty(Process& p) {
  using namespace process_state;
  while (true) {
    uint32_t state = p.state.load(std::memory_order_acquire);
    if ((state & kDirty) == 0) {
      p.state.fetch_and(~kAside, std::memory_order_acq_rel);
      if (p.late_signals != nullptr) p.state.fetch_or(kNotified, std::memory_order_relaxed);
      return true;
    }
    if ((state & kNotified) != 0) {
      handle_signals_aside(p);
    } else if (p.state.compare_exchange_weak(state, state & ~kAside, std::memory_order_seq_cst)) {
      return false;
    }
  }
}

bool DirtyThreads::start_thread(void* context, ThreadKind kind, size_t index) {
  auto& self = *static_cast<DirtyThreads*>(context);
  char name[16];
  snprintf(name, sizeof name, "dirty_%s%zu", kind == ThreadKind::kDirtyIo ? "io" : "cpu",
           index + 1);
  Result<Thread> thread = Thread::start(name, [&self, kind, index] { self.run(kind, index); });
  if (!thread) {
    // Those that there are do its work, too.
    if (index == 0) fatal("%s", thread.error().text.c_str());
    return false;
  }
  MutexLock lock(self.mutex_);
  self.threads_.push_back(std::move(thread.value()));
  return true;
}

void DirtyThreads::run(ThreadKind kind, size_t index) {
  const bool io = kind == ThreadKind::kDirtyIo;
  const MicrostateThread thread(microstates_of(*all_),
                                io ? Microstates::Kind::kDirtyIo : Microstates::Kind::kDirtyCpu,
                                static_cast<uint32_t>(index) + 1);
  const MicrostateScope asleep(Microstate::kSleep);
  EpochReader reader(all_->epochs());
  auto registers = std::make_unique<Registers>();
  registers->scheduler = Schedulers::kNone;
  registers->thread = kind;
  registers->reader = &reader;
  registers->gc_stress = gc_stress_;
  DirtyQueue& queue = all_->dirty(kind);
  while (Process* process = queue.take(index)) {
    const MicrostateScope awake(Microstate::kOther);
    reader.online();
    turn(*all_, *process, *registers);
    reader.offline();
    queue.done(index);
  }
}

void DirtyThreads::stop() {
  if (all_ == nullptr) return;
  for (const ThreadKind kind : {ThreadKind::kDirtyCpu, ThreadKind::kDirtyIo}) {
    all_->dirty(kind).stop();
  }
  // Any of them may just be starting another one.
  std::vector<Thread> threads;
  do {
    threads.clear();
    {
      MutexLock lock(mutex_);
      threads.swap(threads_);
    }
    for (Thread& thread : threads) thread.join();
  } while (!threads.empty());
}

}  // namespace joist
