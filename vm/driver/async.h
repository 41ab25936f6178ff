// Threads that do what must not keep a port waiting (driver_async, +A). A job is done by one of
// them, then its port's driver is told; or, when the port is gone, what it has is freed. Jobs with
// the same key are done one after the other.
//
//   driver_async --> queue of a thread --> AsyncInbox of the port --> ready_async
//
// The threads are started with the first job.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "vm/base/sync.h"
#include "vm/driver/data_lock.h"
#include "vm/driver/loaded_driver.h"
#include "vm/os/thread.h"
#include "vm/term/term.h"

namespace joist {

struct AsyncJob {
  AsyncJob(DriverUse job_use, DataLock* data_lock);
  ~AsyncJob();
  AsyncJob(const AsyncJob&) = delete;
  AsyncJob& operator=(const AsyncJob&) = delete;
  void free_data() {
    if (free != nullptr) free(data);
  }

  void (*invoke)(void*) = nullptr;
  void* data = nullptr;
  void (*free)(void*) = nullptr;

 private:
  DriverUse use_;
  DataLock* lock_;
};

// Jobs of a port that are done.
class AsyncInbox {
 public:
  explicit AsyncInbox(Term port) : port_(port) {}
  // By the thread that has done it.
  void finish(std::unique_ptr<AsyncJob> job);
  std::vector<std::unique_ptr<AsyncJob>> take();
  // The port is gone: what is done, and what will be, is freed.
  void close();

 private:
  // Takes the job, unless nobody will come for it any more.
  bool keep(std::unique_ptr<AsyncJob>& job) JOIST_EXCLUDES(mutex_);

  const Term port_;
  Mutex mutex_;
  bool is_closed_ JOIST_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<AsyncJob>> done_ JOIST_GUARDED_BY(mutex_);
};

class AsyncThreads {
 public:
  explicit AsyncThreads(size_t count) : count_(count) {}
  // Jobs that no thread has begun are left.
  ~AsyncThreads();
  AsyncThreads(const AsyncThreads&) = delete;
  AsyncThreads& operator=(const AsyncThreads&) = delete;

  size_t count() const { return count_; }
  // Returns a number that tells it from others; where there are no threads it is done at once.
  // `key`: null: any thread.
  long add(std::unique_ptr<AsyncJob> job, std::shared_ptr<AsyncInbox> inbox, const unsigned* key);

 private:
  struct Queued {
    std::unique_ptr<AsyncJob> job;
    std::shared_ptr<AsyncInbox> inbox;
  };
  struct Worker {
    Mutex mutex;
    Condition changed;
    std::deque<Queued> jobs JOIST_GUARDED_BY(mutex);
    bool stops JOIST_GUARDED_BY(mutex) = false;
    Thread thread;
  };
  void start() JOIST_REQUIRES(mutex_);
  static void run(Worker& worker);

  const size_t count_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Worker>> workers_ JOIST_GUARDED_BY(mutex_);
  size_t next_ JOIST_GUARDED_BY(mutex_) = 0;
  long last_id_ JOIST_GUARDED_BY(mutex_) = 0;
};

}  // namespace joist
