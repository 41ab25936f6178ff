#include "vm/io/ports.h"

#include "vm/heap/builder.h"
#include "vm/os/clock.h"
#include "vm/os/microstates.h"
#include "vm/os/stream.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/system_flags.h"

namespace joist {

namespace {

constexpr size_t kEventsAtOnce = 64;
constexpr int64_t kFlushLookNs = 1'000'000;

}  // namespace

std::unique_ptr<Ports> Ports::create(Runtime& runtime) {
  std::unique_ptr<Ports> ports(new Ports(runtime));
  return ports->table_.create(runtime.settings.port_limit) ? std::move(ports) : nullptr;
}

Ports::~Ports() {
  stopping_.store(true);
  if (thread_.joinable()) {
    poll_set_->wake();
    thread_.join();
  }
  EpochReader reader(runtime_.schedulers->epochs());
  const PortThread thread{Schedulers::kNone, &reader};
  for (Port *port = scheduled_.take_all(), *next; port != nullptr; port = next) {
    next = port->next_scheduled;
    port->release();
  }
  size_t slot = 0;
  while (Port* port = table_.next(&slot)) {
    JOIST_CHECK(port->enter(thread));
    port->terminate();
    port->leave();
  }
}

void Ports::start_ahead() { start_thread(true); }

bool Ports::start_thread(bool with_forker) {
  MutexLock lock(start_mutex_);
  if (started_) return true;
  ignore_broken_pipes();
  Result<std::unique_ptr<PollSet>> poll_set = PollSet::create();
  if (!poll_set) return false;
  poll_set_ = std::move(poll_set.value());
  Result<Thread> thread = Thread::start("poll", [this, with_forker] {
    if (with_forker) forker_.start_ahead();
    run();
  });
  // As in OTP, where it is there from the start: without it a system has no input and no output.
  if (!thread) fatal("%s", thread.error().text.c_str());
  thread_ = std::move(thread.value());
  started_ = true;
  return true;
}

// --- the poll thread ---

void Ports::run() {
  const MicrostateThread measured(microstates_of(*runtime_.schedulers), Microstates::Kind::kPoll,
                                  0);
  const MicrostateScope scope(Microstate::kCheckIo);
  EpochReader reader(runtime_.schedulers->epochs());
  const PortThread thread{Schedulers::kNone, &reader};
  PollSet::Event events[kEventsAtOnce];
  reader.online();
  while (!stopping_.load()) {
    if (paused_.load()) [[unlikely]]
      wait_if_paused(reader);
    const int64_t timeout = run_timeouts(thread);
    run_scheduled(thread);
    reader.offline();
    const size_t count = wait_for_events(events, timeout);
    if (paused_.load()) [[unlikely]]
      wait_if_paused(reader);
    reader.online();
    for (size_t i = 0; i < count; ++i) handle_ready(events[i], thread);
  }
  reader.offline();
}

size_t Ports::wait_for_events(std::span<PollSet::Event> events, int64_t timeout) {
  const MicrostateScope scope(Microstate::kSleep);
  return poll_set_->wait(events, timeout);
}

void Ports::wait_if_paused(EpochReader& reader) {
  reader.offline();
  {
    MutexLock lock(pause_mutex_);
    stands_still_ = true;
    pause_changed_.notify_all();
    while (paused_.load()) pause_changed_.wait(pause_mutex_);
    stands_still_ = false;
  }
  reader.online();
}

void Ports::stand_still() {
  {
    MutexLock lock(start_mutex_);
    if (!started_) return;
  }
  paused_.store(true);
  poll_set_->wake();
  MutexLock lock(pause_mutex_);
  while (!stands_still_) pause_changed_.wait(pause_mutex_);
}

void Ports::go_on() {
  MutexLock lock(pause_mutex_);
  paused_.store(false);
  pause_changed_.notify_all();
}

void Ports::handle_ready(const PollSet::Event& event, const PortThread& thread) {
  if (event.tag == Forker::kTag) return forker_.ready();
  if ((event.tag & DescriptorWatcher::kTagBit) != 0) return watcher_->ready(event, thread);
  Port* port = table_.find(Term::local_port(event.tag / Port::kWatches));
  if (port == nullptr) return;
  port->add_events(Port::descriptor_event(event.tag % Port::kWatches, event.ready));
  port->kick(thread);
}

void Ports::run_scheduled(const PortThread& thread) {
  Port* port = scheduled_.take_all();
  while (port != nullptr) {
    Port* next = port->next_scheduled;
    port->is_scheduled.store(false);
    port->kick(thread);
    port->release();
    port = next;
  }
}

void Ports::schedule(Port& port) {
  if (port.is_scheduled.exchange(true)) return;
  port.retain();
  if (scheduled_.push(&port)) poll_set_->wake();
}

int64_t Ports::run_timeouts(const PortThread& thread) {
  for (;;) {
    Port* port;
    {
      MutexLock lock(timeouts_mutex_);
      if (timeouts_.empty()) return -1;
      const auto [deadline, id] = *timeouts_.begin();
      const int64_t left = deadline - runtime_.clock->monotonic_ns();
      if (left > 0) return left;
      timeouts_.erase(timeouts_.begin());
      port = table_.find(Term::from_bits(id));
      if (port != nullptr) port->deadline_ns_ = INT64_MAX;
    }
    if (port == nullptr) continue;
    port->add_events(Port::kTimeoutEvent);
    port->kick(thread);
  }
}

void Ports::set_timeout(Port& port, int64_t deadline_ns) {
  MutexLock lock(timeouts_mutex_);
  if (port.deadline_ns_ == deadline_ns) return;
  if (port.deadline_ns_ != INT64_MAX) timeouts_.erase({port.deadline_ns_, port.id().bits()});
  port.deadline_ns_ = deadline_ns;
  if (deadline_ns == INT64_MAX) return;
  const auto place = timeouts_.insert({deadline_ns, port.id().bits()}).first;
  if (place == timeouts_.begin()) poll_set_->wake();
}

// --- natives ---

std::optional<PortThread> Ports::thread_of(uint32_t scheduler) {
  Schedulers& schedulers = *runtime_.schedulers;
  if (scheduler >= schedulers.count()) return std::nullopt;
  return PortThread{scheduler, schedulers.slot(scheduler).reader.get()};
}

// The caller's thread carries it out, if nobody is in the port and it is a scheduler's.
void Ports::submit(uint32_t scheduler, Port& port, std::unique_ptr<PortTask> task) {
  port.add_task(std::move(task));
  if (const std::optional<PortThread> thread = thread_of(scheduler)) {
    port.kick(*thread);
  } else {
    schedule(port);
  }
}

Term Ports::call(Process& p, Port& port, std::unique_ptr<PortTask> task) {
  const MicrostateScope scope(Microstate::kPort);
  task->caller = p.pid;
  const std::optional<PortThread> thread = thread_of(p.registers->scheduler);
  const bool entered = thread && port.enter(*thread);
  if (entered && port.catch_up()) {
    const Term result = port.carry_out(*task, p.heap);
    port.leave();
    return result;
  }
  const Term reference = make_ref(p.heap, runtime_.uniques.next_ref());
  task->reply = reference_id(reference);
  if (entered) {
    port.add_task(std::move(task));
    port.leave();
  } else {
    submit(p.registers->scheduler, port, std::move(task));
  }
  return reference;
}

Ports::Opened Ports::open(Process& p, const DriverInfo& driver, const std::string& name,
                          const PortOptions& options) {
  Opened opened;
  const std::optional<PortThread> thread = thread_of(p.registers->scheduler);
  const Term id = thread && start_thread() ? table_.reserve() : Term::none();
  if (id.is_none()) {
    opened.table_is_full = true;
    return opened;
  }
  auto* port = new Port(*this, driver, name, options, p.pid);
  port->id_ = id;
  port->enter(*thread);
  table_.publish(id, port);
  Term answer = id;
  if (driver.starts_later) {
    answer = make_ref(p.heap, runtime_.uniques.next_ref());
    port->answer_open_with(reference_id(answer));
  }
  opened.failure = port->start(name, options);
  if (port->driver_ == nullptr) {
    port->abandon();
  } else {
    opened.port = answer;
    // Its driver may have ended it already.
    if (port->is_open()) {
      port->link_owner();
      p.make_relations().links.try_emplace(id.bits());
    }
  }
  port->leave();
  return opened;
}

Term Ports::open_for(const PortThread& thread, Term owner, const DriverInfo& info,
                     const std::string& name, MakeDriver make, void* argument) {
  const Term id = table_.reserve();
  if (id.is_none()) return id;
  auto* port = new Port(*this, info, name, PortOptions(), owner);
  port->id_ = id;
  port->enter(thread);
  table_.publish(id, port);
  port->driver_ = make(*port, argument);
  port->link_owner();
  const bool lives = port->send(owner, new_signal(SignalKind::kLink, id));
  if (!lives) {
    port->links_.clear();
    port->end(id, atoms::noproc, Port::Cause::kDriver);
  }
  port->let_go();
  return lives ? id : Term::none();
}

void Ports::fail_all(uint32_t scheduler, const DriverInfo& info, Term reason) {
  size_t slot = 0;
  while (Port* port = table_.next(&slot)) {
    if (&port->driver_info() != &info) continue;
    auto task = std::make_unique<PortTask>();
    task->kind = PortTaskKind::kFail;
    task->argument = reason;
    submit(scheduler, *port, std::move(task));
  }
}

// --- distribution ---

bool Ports::attach(uint32_t scheduler, Term port_id, std::shared_ptr<DistributionSink> sink) {
  Port* port = table_.find(port_id);
  if (port == nullptr || !port->is_open()) return false;
  auto task = std::make_unique<PortTask>();
  task->kind = PortTaskKind::kAttach;
  task->sink = std::move(sink);
  submit(scheduler, *port, std::move(task));
  return true;
}

bool Ports::send_packet(uint32_t scheduler, Term port_id, OutputData packet) {
  Port* port = table_.find(port_id);
  if (port == nullptr || !port->is_open()) return false;
  auto task = std::make_unique<PortTask>();
  task->kind = PortTaskKind::kCommand;
  task->data = std::move(packet);
  submit(scheduler, *port, std::move(task));
  return true;
}

void Ports::end_at_halt(Port& port) {
  auto task = std::make_unique<PortTask>();
  task->kind = PortTaskKind::kSignal;
  task->signal = new_signal(SignalKind::kExit, port.id());
  task->signal->value = atoms::killed;
  port.add_task(std::move(task));
  schedule(port);
}

bool Ports::flush(int64_t timeout_ns) {
  const int64_t deadline = timeout_ns < 0 ? INT64_MAX : runtime_.clock->monotonic_ns() + timeout_ns;
  EpochReader reader(runtime_.schedulers->epochs());
  reader.online();
  Parker parker;
  size_t slot = 0;
  while (Port* port = table_.next(&slot)) {
    // Two of them may wait for one another.
    if (port->driver_info().ends_at_halt) end_at_halt(*port);
  }
  slot = 0;
  while (const Port* port = table_.next(&slot)) {
    while (!port->is_quiet() && table_.find(port->id()) == port) {
      if (runtime_.clock->monotonic_ns() >= deadline) {
        reader.offline();
        return false;
      }
      parker.park(kFlushLookNs);
    }
  }
  reader.offline();
  return true;
}

// --- the terminal ---

bool Ports::take_terminal(int descriptor, const TerminalModes& former) {
  MutexLock lock(terminal_mutex_);
  if (terminal_) return false;
  terminal_ = TakenTerminal{descriptor, former};
  return true;
}

void Ports::release_terminal() {
  MutexLock lock(terminal_mutex_);
  if (!terminal_) return;
  terminal_->former.apply(terminal_->descriptor);
  terminal_.reset();
}

// --- signals and messages ---

bool Ports::deliver(uint32_t scheduler, Term port_id, Signal* signal) {
  Port* port = table_.find(port_id);
  if (port == nullptr) {
    release_signal(signal);
    return false;
  }
  auto task = std::make_unique<PortTask>();
  task->kind = PortTaskKind::kSignal;
  task->signal = signal;
  submit(scheduler, *port, std::move(task));
  return true;
}

// null: there is no such port.
Port* Ports::add_event(Term port_id, const DriverEvent& event) {
  Port* port = table_.find(port_id);
  if (port == nullptr) return nullptr;
  auto task = std::make_unique<PortTask>();
  task->event = event;
  port->add_task(std::move(task));
  return port;
}

void Ports::send_event(Term port_id, const DriverEvent& event) {
  if (Port* port = add_event(port_id, event)) schedule(*port);
}

void Ports::send_event(const PortThread& thread, Term port_id, const DriverEvent& event) {
  if (Port* port = add_event(port_id, event)) port->kick(thread);
}

namespace {

// {Owner, close}, {Owner, {command, Data}}, {Owner, {connect, Pid}}
std::unique_ptr<PortTask> task_of_message(Term message) {
  auto task = std::make_unique<PortTask>();
  task->kind = PortTaskKind::kBadCommand;
  task->is_message = true;
  if (!is_tuple(message) || tuple_size(message) != 2) return task;
  const Term owner = tuple_elements(message)[0];
  const Term what = tuple_elements(message)[1];
  if (!owner.is_local_pid()) return task;
  task->owner = owner;
  if (what == atoms::close) {
    task->kind = PortTaskKind::kClose;
  } else if (is_tuple(what) && tuple_size(what) == 2) {
    const Term argument = tuple_elements(what)[1];
    if (tuple_elements(what)[0] == atoms::command) {
      std::optional<OutputData> data = OutputData::of_iodata(argument);
      if (!data) return task;
      task->data = std::move(*data);
      task->kind = PortTaskKind::kCommand;
    } else if (tuple_elements(what)[0] == atoms::connect) {
      task->kind = PortTaskKind::kConnect;
      task->argument = argument.is_local_pid() ? argument : Term(Term::nil());
    }
  }
  return task;
}

bool is_command(Term message) {
  if (!is_tuple(message) || tuple_size(message) != 2) return false;
  const Term what = tuple_elements(message)[1];
  return is_tuple(what) && tuple_size(what) == 2 && tuple_elements(what)[0] == atoms::command;
}

}  // namespace

SendResult Ports::send(Process& sender, Term port_id, Term message, WhenBusy when_busy) {
  Port* port = table_.find(port_id);
  if (port == nullptr || !port->is_open()) return SendResult::kSent;
  if (port->is_busy() && is_command(message)) {
    if (when_busy == WhenBusy::kSuspend) port->suspend_sender(sender);
    return SendResult::kBusy;
  }
  std::unique_ptr<PortTask> task = task_of_message(message);
  task->caller = sender.pid;
  sender.charge(static_cast<int64_t>(task->data.size() / 64) + 1);
  submit(sender.registers->scheduler, *port, std::move(task));
  return SendResult::kSent;
}

bool Ports::command(uint32_t scheduler, Term port_id, ByteSpan bytes) {
  Port* port = table_.find(port_id);
  if (port == nullptr || !port->is_open()) return false;
  auto task = std::make_unique<PortTask>();
  task->kind = PortTaskKind::kCommand;
  task->data.append(bytes);
  submit(scheduler, *port, std::move(task));
  return true;
}

bool Ports::is_open(Term port_id) const {
  const Port* port = table_.find(port_id);
  return port != nullptr && port->is_open();
}

}  // namespace joist
