// enif_select: tells processes when a descriptor of a library is ready, each time once, and the
// library when it may close one. The descriptor keeps its resource until the library has stopped
// it.
//
// A thread of its own waits; it is started with the first descriptor.
#pragma once

#include <map>
#include <memory>

#include "vm/base/sync.h"
#include "vm/nif/abi.h"
#include "vm/os/poll.h"
#include "vm/os/thread.h"
#include "vm/proc/process.h"
#include "vm/proc/signal.h"

namespace joist {

struct Binary;

class EventWatch {
 public:
  explicit EventWatch(Runtime& runtime) : runtime_(runtime) {}
  // No scheduler runs any more.
  ~EventWatch();
  EventWatch(const EventWatch&) = delete;
  EventWatch& operator=(const EventWatch&) = delete;

  // What to send to whom; the message is made for each event that is asked for.
  struct Request {
    int flags;
    Term pid;
    Term message;  // of its own; none(): {select, Object, Reference, Event}
    Term reference;
  };
  // As enif_select.
  int select(int descriptor, Binary& resource, const Request& request) JOIST_EXCLUDES(mutex_);

 private:
  static constexpr size_t kEvents = 3;  // read, write, error
  struct Waiter {
    Term pid = Term::nil();
    Signal* message = nullptr;  // null: nobody waits
  };
  struct Watched {
    Binary* resource = nullptr;
    Waiter waiters[kEvents];
    bool is_known = false;  // to the poll set
  };

  int start() JOIST_REQUIRES(mutex_);
  int begin(int descriptor, Binary& resource, const Request& request) JOIST_EXCLUDES(mutex_);
  int cancel(int descriptor, Binary& resource, int flags) JOIST_EXCLUDES(mutex_);
  int stop(int descriptor, Binary& resource) JOIST_EXCLUDES(mutex_);
  int arm(int descriptor, Watched& watched) JOIST_REQUIRES(mutex_);
  Signal* make_message(Binary& resource, const Request& request, size_t event);
  void run();
  void tell(int descriptor, uint32_t ready) JOIST_EXCLUDES(mutex_);

  Runtime& runtime_;
  Mutex mutex_;
  std::map<int, Watched> watched_ JOIST_GUARDED_BY(mutex_);
  std::unique_ptr<PollSet> poll_set_;
  Thread thread_;
  std::atomic<bool> stopping_{false};
};

}  // namespace joist
