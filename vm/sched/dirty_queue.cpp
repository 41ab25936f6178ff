#include "vm/sched/dirty_queue.h"

#include "vm/base/config.h"
#include "vm/os/clock.h"
#include "vm/os/thread.h"

namespace joist {

namespace {

// A thread without a process looks for one so often before it sleeps: whoever calls one native of
// the kind mostly calls another soon, and a wake-up costs more than a short native does. Some 50
// us, if that would have been enough when one had to be woken last; otherwise it would only be in
// the way of others, and some 8 us are what two natives in a row need.
constexpr int kLongLook = kStress ? 1 : 2000;
constexpr int kShortLook = kStress ? 1 : 300;
constexpr int64_t kLongLookNs = 50'000;
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
      parkers_(new Parker[threads]),
      workers_(new Worker[threads]),
      online_(threads) {}

void DirtyQueue::push(Process& process) {
  Next next;
  {
    MutexLock lock(mutex_);
    queue_.push(process);
    next = choose_next();
  }
  call(next);
}

bool DirtyQueue::may_work() const { return blocks_ == 0 ? working_ < online_ : one_may_work_; }

// Whoever is on its way looks at the queue when it comes, and chooses again if it is not empty.
DirtyQueue::Next DirtyQueue::choose_next() {
  if (queue_.length() <= lookers_ || called_ + starting_ != 0) return {};
  if (!may_work() || stopping_) return {};
  if (sleeping_ != 0) {
    looks_long_ = clock_.monotonic_ns() - looked_ns_ < kLongLookNs;
    size_t thread = 0;
    while (!workers_[thread].sleeps) ++thread;
    workers_[thread].sleeps = false;
    --sleeping_;
    ++called_;
    return {.thread = thread};
  }
  if (started_ == threads_) return {};
  ++starting_;
  return {.thread = started_++, .is_new = true};
}

void DirtyQueue::call(Next next) {
  if (next.thread == Next::kNobody) return;
  if (!next.is_new) return parkers_[next.thread].unpark();
  if (starter_(context_, kind_, next.thread)) return;
  // Those that there are do its work.
  MutexLock lock(mutex_);
  --starting_;
}

Process* DirtyQueue::take(size_t thread) {
  Process* process = nullptr;
  Next next;
  {
    MutexLock lock(mutex_);
    Worker& worker = workers_[thread];
    if (!worker.has_come) --starting_;
    worker.has_come = true;
    bool has_looked = false;
    while (!stopping_) {
      if (may_work()) process = queue_.pop();
      if (process != nullptr) break;
      if (!has_looked && lookers_ < lookers_at_most_ && blocks_ == 0 && working_ < online_) {
        has_looked = true;
        look_for_more();
      } else {
        sleep(thread);
      }
    }
    if (process != nullptr) {
      ++working_;
      one_may_work_ = false;
      worker.busy_since_ns = clock_.monotonic_ns();
      next = choose_next();
    }
  }
  call(next);
  return process;
}

void DirtyQueue::sleep(size_t thread) {
  Worker& worker = workers_[thread];
  worker.sleeps = true;
  ++sleeping_;
  while (worker.sleeps && !stopping_) {
    mutex_.unlock();
    parkers_[thread].park();
    mutex_.lock();
  }
  if (!worker.sleeps) --called_;
}

// Whoever pushes meanwhile wakes nobody for it; the caller looks at the queue again before it
// waits.
void DirtyQueue::look_for_more() {
  ++lookers_;
  const int looks = looks_long_ ? kLongLook : kShortLook;
  looked_ns_ = clock_.monotonic_ns();
  mutex_.unlock();
  for (int look = 0; look < looks && queue_.length() == 0; ++look) cpu_relax();
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
  Next next;
  {
    MutexLock lock(mutex_);
    if (blocks_ == 0 || queue_.length() == 0) return false;
    one_may_work_ = true;
    next = choose_next();
  }
  call(next);
  MutexLock lock(mutex_);
  while (!stopping_ && (one_may_work_ || working_ != 0)) idle_.wait(mutex_);
  return true;
}

void DirtyQueue::stop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  for (size_t i = 0; i < threads_; ++i) parkers_[i].unpark();
  idle_.notify_all();
}

size_t DirtyQueue::online() const {
  MutexLock lock(mutex_);
  return online_;
}

void DirtyQueue::set_online(size_t online) {
  Next next;
  {
    MutexLock lock(mutex_);
    online_ = online;
    next = choose_next();
  }
  call(next);
}

void DirtyQueue::block() {
  MutexLock lock(mutex_);
  ++blocks_;
}

void DirtyQueue::unblock() {
  Next next;
  {
    MutexLock lock(mutex_);
    --blocks_;
    next = choose_next();
  }
  call(next);
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
