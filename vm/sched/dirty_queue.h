// Processes that wait for a thread of one dirty kind, to run a native there that takes long (CPU)
// or blocks (IO). The threads are the engine's (vm/engine/dirty.h); each asks take() for its next
// process, and says done() when it has let go of it.
//
// One sleeping or new thread at a time is called to the queue, and calls the next one if there is
// more to do when it has come. So each process gets a thread as long as there are any, but short
// natives do not bring more threads to their feet than they need: those that work take the next
// process themselves.
#pragma once

#include <memory>

#include "vm/base/sync.h"
#include "vm/os/thread.h"
#include "vm/sched/run_queue.h"

namespace joist {

class DirtyQueue {
 public:
  // Called when there is more to do than threads: starts thread number `index`, from 0. False: it
  // cannot.
  using Starter = bool (*)(void* context, ThreadKind kind, size_t index);

  DirtyQueue(ThreadKind kind, size_t threads, Clock& clock, Starter starter, void* context);

  // Any thread. The process is the queue's until a dirty thread has taken it.
  void push(Process& process);

  // --- by the threads ---
  // Sleeps until there is a process; null: the end.
  Process* take(size_t thread);
  void done(size_t thread);
  void stop();

  size_t threads() const { return threads_; }
  // How many of them may work at once.
  size_t online() const;
  void set_online(size_t online);
  // From now on no process is taken, until it is unblocked as often,
  void block();
  void unblock();
  // but for the one that this lets a thread take, whose turn it waits for: what whoever blocks does
  // now and then, since it may depend on what such a process does. False: there is none.
  bool work_while_blocked();

  size_t length() const { return queue_.length(); }
  const RunQueue& queue() const { return queue_; }
  size_t working() const;
  // Begins to measure how long the threads work, and tells it of one.
  void start_measuring(int64_t now_ns);
  int64_t measured_ns(size_t thread, int64_t now_ns) const;

 private:
  struct Worker {
    bool has_come = false;  // to the queue, since it was started
    bool sleeps = false;    // and is not called
    int64_t busy_ns = 0;
    int64_t busy_since_ns = 0;  // 0: it waits
    int64_t busy_at_start_ns = 0;
    int64_t busy(int64_t now_ns) const {
      return busy_since_ns == 0 ? busy_ns : busy_ns + now_ns - busy_since_ns;
    }
  };

  // Which thread is to be told, once mutex_ is free, that there is something to do.
  struct Next {
    static constexpr size_t kNobody = SIZE_MAX;
    size_t thread = kNobody;
    bool is_new = false;  // it is to be started first
  };

  bool may_work() const JOIST_REQUIRES(mutex_);
  Next choose_next() JOIST_REQUIRES(mutex_);
  void call(Next next) JOIST_EXCLUDES(mutex_);
  void look_for_more() JOIST_REQUIRES(mutex_);
  void sleep(size_t thread) JOIST_REQUIRES(mutex_);

  const ThreadKind kind_;
  const size_t threads_;
  Clock& clock_;
  const Starter starter_;
  void* const context_;
  const size_t lookers_at_most_;
  const std::unique_ptr<Parker[]> parkers_;  // of the threads
  RunQueue queue_;                           // its lock is taken under mutex_
  mutable Mutex mutex_;
  Condition idle_;
  std::unique_ptr<Worker[]> workers_ JOIST_GUARDED_BY(mutex_);
  size_t started_ JOIST_GUARDED_BY(mutex_) = 0;
  size_t starting_ JOIST_GUARDED_BY(mutex_) = 0;    // of those, how many have not come yet
  size_t sleeping_ JOIST_GUARDED_BY(mutex_) = 0;    // and are not called
  size_t called_ JOIST_GUARDED_BY(mutex_) = 0;      // of the sleepers, and have not come yet
  size_t lookers_ JOIST_GUARDED_BY(mutex_) = 0;     // have nothing to do, but do not sleep yet
  int64_t looked_ns_ JOIST_GUARDED_BY(mutex_) = 0;  // when one of them began, the last time
  bool looks_long_ JOIST_GUARDED_BY(mutex_) = true;
  size_t working_ JOIST_GUARDED_BY(mutex_) = 0;
  size_t online_ JOIST_GUARDED_BY(mutex_);
  size_t blocks_ JOIST_GUARDED_BY(mutex_) = 0;
  bool one_may_work_ JOIST_GUARDED_BY(mutex_) = false;
  bool stopping_ JOIST_GUARDED_BY(mutex_) = false;
};

}  // namespace joist
