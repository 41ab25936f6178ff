// Tells processes when a descriptor can be read: what enif_select(..., ERL_NIF_SELECT_READ, ...)
// is to NIFs, for natives of our own. Each watch is for once, and a descriptor has one at most.
//
// A thread of its own waits; it is started with the first watch.
#pragma once

#include <map>
#include <memory>

#include "vm/base/sync.h"
#include "vm/os/poll.h"
#include "vm/os/thread.h"
#include "vm/proc/process.h"
#include "vm/proc/signal.h"

namespace joist {

class ReadWatch {
 public:
  explicit ReadWatch(Runtime& runtime) : runtime_(runtime) {}
  // No scheduler runs any more.
  ~ReadWatch();
  ReadWatch(const ReadWatch&) = delete;
  ReadWatch& operator=(const ReadWatch&) = delete;

  // Sends `message` to the process when there is something to read, or the end of it. What was
  // waiting for the descriptor before is forgotten. The error number of the system, or 0.
  int watch(int descriptor, Term pid, Term message) JOIST_EXCLUDES(mutex_);
  void forget(int descriptor) JOIST_EXCLUDES(mutex_);

 private:
  struct Watch {
    Term pid = Term::nil();
    Signal* message = nullptr;  // null: nobody waits
  };

  int start() JOIST_REQUIRES(mutex_);
  void run();
  void tell(int descriptor) JOIST_EXCLUDES(mutex_);

  Runtime& runtime_;
  Mutex mutex_;
  std::map<int, Watch> watches_ JOIST_GUARDED_BY(mutex_);  // of all that are in the poll set
  std::unique_ptr<PollSet> poll_set_;
  Thread thread_;
  std::atomic<bool> stopping_{false};
};

}  // namespace joist
