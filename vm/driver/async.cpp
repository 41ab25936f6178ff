#include "vm/driver/async.h"

#include "vm/driver/interface.h"
#include "vm/driver/library_port.h"
#include "vm/nif/interface.h"

namespace joist {

AsyncJob::AsyncJob(DriverUse job_use, DataLock* data_lock)
    : use_(std::move(job_use)), lock_(data_lock) {
  if (lock_ != nullptr) lock_->retain();
}

AsyncJob::~AsyncJob() {
  if (lock_ != nullptr) lock_->release();
}

bool AsyncInbox::keep(std::unique_ptr<AsyncJob>& job) {
  MutexLock lock(mutex_);
  if (is_closed_) return false;
  done_.push_back(std::move(job));
  return true;
}

void AsyncInbox::finish(std::unique_ptr<AsyncJob> job) {
  if (!keep(job)) return job->free_data();
  const ReaderScope reader;
  DriverInterface::current()->ports().send_event(port_, {LibraryPort::kJobsDone, 0});
}

std::vector<std::unique_ptr<AsyncJob>> AsyncInbox::take() {
  MutexLock lock(mutex_);
  return std::move(done_);
}

void AsyncInbox::close() {
  std::vector<std::unique_ptr<AsyncJob>> left;
  {
    MutexLock lock(mutex_);
    is_closed_ = true;
    left.swap(done_);
  }
  for (const std::unique_ptr<AsyncJob>& job : left) job->free_data();
}

AsyncThreads::~AsyncThreads() {
  MutexLock lock(mutex_);
  for (const std::unique_ptr<Worker>& worker : workers_) {
    {
      MutexLock worker_lock(worker->mutex);
      worker->stops = true;
    }
    worker->changed.notify_one();
    if (worker->thread.joinable()) worker->thread.join();
  }
}

void AsyncThreads::start() {
  for (size_t i = 0; i < count_; ++i) {
    auto worker = std::make_unique<Worker>();
    Worker& it = *worker;
    Result<Thread> thread = Thread::start("async", [&it] { run(it); });
    if (!thread) break;
    worker->thread = std::move(thread.value());
    workers_.push_back(std::move(worker));
  }
}

long AsyncThreads::add(std::unique_ptr<AsyncJob> job, std::shared_ptr<AsyncInbox> inbox,
                       const unsigned* key) {
  Worker* worker = nullptr;
  long id;
  {
    MutexLock lock(mutex_);
    if (workers_.empty()) start();
    id = ++last_id_;
    if (!workers_.empty()) {
      worker = workers_[(key != nullptr ? *key : next_++) % workers_.size()].get();
    }
  }
  if (worker == nullptr) {
    job->invoke(job->data);
    inbox->finish(std::move(job));
    return id;
  }
  {
    MutexLock lock(worker->mutex);
    worker->jobs.push_back({std::move(job), std::move(inbox)});
  }
  worker->changed.notify_one();
  return id;
}

void AsyncThreads::run(Worker& worker) {
  for (;;) {
    Queued next;
    {
      MutexLock lock(worker.mutex);
      while (worker.jobs.empty() && !worker.stops) worker.changed.wait(worker.mutex);
      if (worker.stops) return;
      next = std::move(worker.jobs.front());
      worker.jobs.pop_front();
    }
    next.job->invoke(next.job->data);
    next.inbox->finish(std::move(next.job));
  }
}

}  // namespace joist
