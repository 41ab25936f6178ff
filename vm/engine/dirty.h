// Dirty threads: natives of kind kDirtyCpu and kDirtyIo (vm/proc/native.h) run here, so that what
// takes long or blocks keeps no scheduler from other processes.
//
//   scheduler                    dirty thread                scheduler
//   native stub: kDirty   ->     runs the native       ->    the stub again, which returns, traps
//   settle: DirtyQueue           keeps what it did           to or raises what was kept
//
// Collections that take long come here as well, system tasks that do, and processes that have ended
// for a reason whose copies do.
//
// While the native runs, its process has two hands: the dirty thread has the heap, the registers
// and the reductions; a scheduler that finds signals for it (process_state::kAside) has the message
// queue and the relations, and handles what needs no more than those. The rest waits in
// Process::late_signals. Whoever of the two comes last goes on with the process.
#pragma once

#include <vector>

#include "vm/base/sync.h"
#include "vm/os/thread.h"
#include "vm/proc/process.h"
#include "vm/sched/schedulers.h"

namespace joist {

struct ExportEntry;

class DirtyThreads {
 public:
  explicit DirtyThreads(bool gc_stress) : gc_stress_(gc_stress) {}
  // Before the first process runs.
  void attach(Schedulers& all) { all_ = &all; }
  // Ends all threads; each finishes its native first.
  void stop();

  // A DirtyQueue::Starter; the context is a DirtyThreads.
  static bool start_thread(void* context, ThreadKind kind, size_t index);

 private:
  void run(ThreadKind kind, size_t index);

  Schedulers* all_ = nullptr;
  const bool gc_stress_;
  Mutex mutex_;
  std::vector<Thread> threads_ JOIST_GUARDED_BY(mutex_);
};

// Makes a dirty thread run the entry's native from now on.
void make_dirty(ExportEntry& entry, bool io);

// The end of a dirty thread's hold on the process: makes it run on unless a scheduler looks after
// its signals just now, and will do so.
void release_dirty(Schedulers& all, Process& process);

// By a scheduler that has found the process in its queue with kAside set. True: the dirty thread
// has let go of it meanwhile, and the caller goes on with it; false: it is not the caller's.
bool look_after_dirty(Process& process);

}  // namespace joist
