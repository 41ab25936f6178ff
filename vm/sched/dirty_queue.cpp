#include "vm/sched/dirty_queue.h"

#include "vm/base/config.h"
#include "vm/os/clock.h"
#include "vm/os/thread.h"

namespace joist {

namespace {

// A thread without a process looks this often, some 50 us, before it sleeps: whoever calls one
// native of the kind mostly calls another soon, and a wake-up costs more than a short native does.
constexpr int kLooksBeforeSleep = kStress ? 1 : 2000;
// So many at a time: the others would only take processors from those that work.
constexpr size_t kLookersAtMost = 1;

}  // namespace

DirtyQueue::DirtyQueue(ThreadKind kind, size_t threads, Clock& clock, Starter starter,
                       void* context)
    : kind_(kind),
      threads_(threads),
      clock_(clock),
      starter_(starter),
      context_(context),
      lookers_at_most_(cpu_count().available > 1 ? kLookersAtMost : 0),
      workers_(new Worker[threads]),
      online_(threads) {}

void DirtyQueue::push(Process& process) {
  size_t index;
  {
    MutexLock lock(mutex_);
    queue_.push(process);
    const size_t length = queue_.length();
    if (length <= lookers_) return;
    if (length <= waiting_) return more_.notify_one();
    if (started_ == threads_ || stopping_) return;
    index = started_++;
  }
  starter_(context_, kind_, index);
}

Process* DirtyQueue::take(size_t thread) {
  MutexLock lock(mutex_);
  ++waiting_;
  bool has_looked = false;
  Process* process = nullptr;
  while (!stopping_) {
    if (blocks_ == 0 ? working_ < online_ : one_may_work_) process = queue_.pop();
    if (process != nullptr) break;
    if (!has_looked && lookers_ < lookers_at_most_ && blocks_ == 0 && working_ < online_) {
      has_looked = true;
      look_for_more();
    } else {
      more_.wait(mutex_);
    }
  }
  --waiting_;
  if (process != nullptr) {
    ++working_;
    one_may_work_ = false;
    workers_[thread].busy_since_ns = clock_.monotonic_ns();
  }
  return process;
}

// Whoever pushes meanwhile wakes nobody for it; the caller looks at the queue again before it
// waits.
void DirtyQueue::look_for_more() {
  ++lookers_;
  mutex_.unlock();
  for (int look = 0; look < kLooksBeforeSleep && queue_.length() == 0; ++look) cpu_relax();
  mutex_.lock();
  --lookers_;
}

void DirtyQueue::done(size_t thread) {
  MutexLock lock(mutex_);
  --working_;
  Worker& worker = workers_[thread];
  worker.busy_ns += clock_.monotonic_ns() - worker.busy_since_ns;
  worker.busy_since_ns = 0;
  if (blocks_ != 0 && working_ == 0) idle_.notify_all();
}

bool DirtyQueue::work_while_blocked() {
  MutexLock lock(mutex_);
  if (blocks_ == 0 || queue_.length() == 0) return false;
  one_may_work_ = true;
  more_.notify_all();
  while (!stopping_ && (one_may_work_ || working_ != 0)) idle_.wait(mutex_);
  return true;
}

void DirtyQueue::stop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  more_.notify_all();
  idle_.notify_all();
}

size_t DirtyQueue::online() const {
  MutexLock lock(mutex_);
  return online_;
}

void DirtyQueue::set_online(size_t online) {
  MutexLock lock(mutex_);
  online_ = online;
  more_.notify_all();
}

void DirtyQueue::block() {
  MutexLock lock(mutex_);
  ++blocks_;
}

void DirtyQueue::unblock() {
  MutexLock lock(mutex_);
  --blocks_;
  more_.notify_all();
}

size_t DirtyQueue::working() const {
  MutexLock lock(mutex_);
  return working_;
}

void DirtyQueue::start_measuring(int64_t now_ns) {
  MutexLock lock(mutex_);
  for (size_t i = 0; i < threads_; ++i) workers_[i].busy_at_start_ns = workers_[i].busy(now_ns);
}

int64_t DirtyQueue::measured_ns(size_t thread, int64_t now_ns) const {
  MutexLock lock(mutex_);
  const int64_t busy = workers_[thread].busy(now_ns) - workers_[thread].busy_at_start_ns;
  return busy > 0 ? busy : 0;
}

}  // namespace joist
