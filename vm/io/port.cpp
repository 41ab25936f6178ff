#include "vm/io/port.h"

#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/io/ports.h"
#include "vm/os/microstates.h"
#include "vm/sched/deliver.h"
#include "vm/sched/port_monitor.h"
#include "vm/sched/request.h"
#include "vm/sched/schedulers.h"

namespace joist {

// --- what drivers need not have ---

bool PortDriver::control(uint32_t, ByteSpan, std::vector<uint8_t>*) { return false; }
Term PortDriver::control_term(uint32_t operation, ByteSpan data, Allocator& heap) {
  std::vector<uint8_t> reply;
  if (!control(operation, data, &reply)) return Term::none();
  return make_string(heap, {reinterpret_cast<const char*>(reply.data()), reply.size()});
}
Term PortDriver::call(uint32_t, ByteSpan, Allocator&) { return Term::none(); }
void PortDriver::ready_input(int) {}
void PortDriver::ready_output(int) {}
void PortDriver::event(const DriverEvent&) {}
void PortDriver::process_ended(uint64_t) {}
void PortDriver::timeout() {}

Port::Port(Ports& ports, const DriverInfo& driver_info, std::string port_name,
           const PortOptions& options, Term first_owner)
    : ports_(ports),
      driver_info_(driver_info),
      name_(std::move(port_name)),
      queue_low_(driver_info.has_queue_limits ? options.message_queue_limits.low : kNoBusyLimit),
      queue_high_(driver_info.has_queue_limits ? options.message_queue_limits.high : kNoBusyLimit),
      owner_(first_owner.bits()),
      binary_(options.binary),
      soft_eof_(options.soft_eof),
      parallelism_(options.parallelism),
      opener_(first_owner) {
  if (options.line_limit != 0) lines_ = std::make_unique<LineReader>(options.line_limit);
}

Port::~Port() {
  while (std::unique_ptr<PortTask> task = next_task()) {
  }
  MutexLock lock(data_mutex_);
  if (data_ != nullptr) release_signal(data_);
}

Runtime& Port::runtime() const { return ports_.runtime(); }

void Port::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

// --- being entered ---

bool Port::enter(const PortThread& thread) {
  if (entered_.exchange(true, std::memory_order_seq_cst)) return false;
  if (driver_info_.lock != nullptr) driver_info_.lock->lock();
  thread_ = &thread;
  return true;
}

void Port::unlock_driver() {
  if (driver_info_.lock != nullptr) driver_info_.lock->unlock();
}

// A driver from a file may go now, so no function of it is being called for the port.
void Port::tell_left() {
  if ((state_.load() & kDead) == 0 || driver_ == nullptr || told_left_) return;
  told_left_ = true;
  driver_->left();
}

bool Port::has_work() const {
  return ready_ != nullptr || !tasks_.empty() || events_.load(std::memory_order_seq_cst) != 0;
}

// Whoever leaves work when somebody is inside relies on that one's look after it has let go.
void Port::leave() {
  const PortThread* thread = thread_;
  for (;;) {
    bool done = work_off();
    // A dead port is on nobody's list, and its tasks are short.
    while (!done && (state_.load() & kDead) != 0) done = work_off();
    driver_bytes_.store(driver_ == nullptr ? 0 : driver_->queued(), std::memory_order_relaxed);
    unlock_driver();
    tell_left();
    entered_.store(false, std::memory_order_seq_cst);
    if (!done) return ports_.schedule(*this);
    if (tasks_.empty() && events_.load(std::memory_order_seq_cst) == 0) return;
    if (!enter(*thread)) return;
  }
}

void Port::let_go() {
  const bool has_left_work = ready_ != nullptr || (state_.load() & kDead) != 0;
  unlock_driver();
  entered_.store(false, std::memory_order_seq_cst);
  const bool has_new_work = !tasks_.empty() || events_.load(std::memory_order_seq_cst) != 0;
  if (has_left_work || has_new_work) ports_.schedule(*this);
}

void Port::kick(const PortThread& thread) {
  const MicrostateScope scope(Microstate::kPort);
  if (enter(thread)) leave();
}

void Port::add_task(std::unique_ptr<PortTask> task) {
  charge_queue(*task, true);
  tasks_.push(task.release());
}

std::unique_ptr<PortTask> Port::next_task() {
  if (ready_ == nullptr) ready_ = tasks_.take_all();
  PortTask* task = ready_;
  if (task != nullptr) ready_ = task->next;
  return std::unique_ptr<PortTask>(task);
}

bool Port::work_off() {
  for (int left = kTasksAtOnce; left > 0; --left) {
    const uint32_t events = events_.exchange(0, std::memory_order_seq_cst);
    if (events != 0) handle_events(events);
    const std::unique_ptr<PortTask> task = next_task();
    if (task != nullptr) {
      charge_queue(*task, false);
      const bool is_event = task->kind == PortTaskKind::kEvent;
      const PortOperation operation(runtime(), thread_->scheduler, id_,
                                    is_event ? "event" : "proc_sig");
      perform(*task);
    } else if (events == 0) {
      return true;
    }
  }
  return !has_work();
}

bool Port::is_quiet() const {
  return !entered_.load() && tasks_.empty() && events_.load() == 0 && driver_bytes_.load() == 0;
}

// --- busy ---

// Commands on their way count as output that is not written yet: too many make the port busy.
void Port::charge_queue(const PortTask& task, bool arrives) {
  const BusyLimits limits = queue_limits();
  if (task.kind != PortTaskKind::kCommand || limits.high == kNoBusyLimit) return;
  const size_t size = task.data.size() + sizeof(PortTask);
  if (arrives) {
    const size_t queued = queued_bytes_.fetch_add(size) + size;
    if (queued >= limits.high) state_.fetch_or(kBusyQueue);
    return;
  }
  const size_t queued = queued_bytes_.fetch_sub(size) - size;
  if (queued < limits.low && (state_.load() & kBusyQueue) != 0) {
    state_.fetch_and(~uint32_t{kBusyQueue});
    resume_senders();
  }
}

void Port::set_queue_limits(const BusyLimits& limits) {
  queue_low_.store(limits.low);
  queue_high_.store(limits.high);
}

void Port::set_busy(bool busy) {
  if (sink_ != nullptr) sink_->busy_changed(thread_->scheduler, busy);
  if (busy) {
    state_.fetch_or(kBusy);
  } else if ((state_.fetch_and(~uint32_t{kBusy}) & kBusy) != 0) {
    resume_senders();
  }
}

namespace {

void on_port_free(Process& sender, Signal&) { --sender.suspend_count; }

}  // namespace

// The mutex makes sure that a port that becomes free meanwhile sees the sender, or the sender it.
void Port::suspend_sender(Process& sender) {
  {
    MutexLock lock(senders_mutex_);
    if (!is_busy() || !is_open()) return;
    ++sender.suspend_count;
    suspended_senders_.push_back(sender.pid);
  }
  tell_of_busy_port(sender, id());
}

void Port::resume_senders() {
  std::vector<Term> senders;
  {
    MutexLock lock(senders_mutex_);
    if (is_busy() && is_open()) return;
    senders.swap(suspended_senders_);
  }
  for (const Term sender : senders) {
    Signal* signal = new_signal(SignalKind::kRequest, Term::none());
    signal->request = on_port_free;
    joist::deliver(runtime(), thread_->scheduler, sender, signal);
  }
}

// --- data of port_set_data/2 ---

void Port::set_data(Signal* holder) {
  {
    MutexLock lock(data_mutex_);
    std::swap(data_, holder);
  }
  if (holder != nullptr) release_signal(holder);
}

Term Port::data(Allocator& heap, const LiteralSpace* literals) {
  MutexLock lock(data_mutex_);
  return data_ == nullptr ? Term(atoms::undefined) : copy_term(heap, data_->value, literals);
}

// --- descriptors ---

void Port::handle_events(uint32_t events) {
  if ((state_.load() & kDead) != 0) return;
  if ((events & kTimeoutEvent) != 0) {
    const PortOperation operation(runtime(), thread_->scheduler, id_, "timeout");
    driver_->timeout();
    after_driver();
  }
  for (size_t slot = 0; slot < kWatches; ++slot) {
    Watch& watch = watches_[slot];
    const uint32_t ready = events >> (1 + 2 * slot) & 3;
    if (ready == 0) continue;
    watch.armed = 0;
    const int descriptor = watch.descriptor;
    if ((ready & watch.wanted & readiness::kRead) != 0) {
      const PortOperation operation(runtime(), thread_->scheduler, id_, "input");
      driver_->ready_input(descriptor);
      after_driver();
    }
    if (watch.descriptor == descriptor && (ready & watch.wanted & readiness::kWrite) != 0) {
      const PortOperation operation(runtime(), thread_->scheduler, id_, "output");
      driver_->ready_output(descriptor);
      after_driver();
    }
    if ((state_.load() & kDead) != 0) return;
    arm(slot);
  }
}

// A closed port is over when its output is.
void Port::after_driver() {
  const uint32_t state = state_.load();
  if ((state & (kClosing | kDead)) == kClosing && driver_->queued() == 0) terminate();
}

Port::Watch* Port::find_watch(int descriptor) {
  for (Watch& watch : watches_) {
    if (watch.descriptor == descriptor) return &watch;
  }
  return nullptr;
}

void Port::arm(size_t slot) {
  Watch& watch = watches_[slot];
  if (watch.descriptor < 0 || (watch.wanted & ~watch.armed) == 0) return;
  watch.armed = watch.wanted;
  const uint64_t tag = id_.payload() * kWatches + slot;
  const int result = ports_.poll_set().arm(watch.descriptor, watch.wanted, tag, watch.is_known);
  if (result == 0) {
    watch.is_known = true;
    return;
  }
  // An error shows when the driver reads or writes.
  add_events(descriptor_event(slot, watch.wanted));
  ports_.schedule(*this);
}

void Port::watch(int descriptor, uint32_t events) {
  Watch* watch = find_watch(descriptor);
  if (watch == nullptr) {
    watch = find_watch(-1);
    JOIST_CHECK(watch != nullptr);
    *watch = Watch{};
    watch->descriptor = descriptor;
  }
  watch->wanted |= events;
  arm(static_cast<size_t>(watch - watches_));
}

void Port::unwatch(int descriptor, uint32_t events) {
  Watch* watch = find_watch(descriptor);
  if (watch != nullptr) watch->wanted &= ~events;
}

void Port::forget(int descriptor) {
  Watch* watch = find_watch(descriptor);
  if (watch == nullptr) return;
  if (watch->is_known) ports_.poll_set().forget(descriptor);
  *watch = Watch{};
}

void Port::set_timeout(int64_t deadline_ns) { ports_.set_timeout(*this, deadline_ns); }

}  // namespace joist
