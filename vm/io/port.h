// A port: the process-like thing between Erlang and a driver. It belongs to no thread; whoever has
// work for it enters it, if nobody is in it, and otherwise leaves a task. Who is in it carries out
// the tasks that come meanwhile, so that one thread at a time runs its driver and nobody waits:
//
//   native, signal, poll thread --+--> entered: work, then leave(): tasks, events, until none
//                                 +--> somebody is in it: tasks_ -> that one carries it out
//
// Tasks and direct work of one process come in the order in which it did them, because direct work
// happens only after all tasks. Who has done kTasksAtOnce tasks lets the poll thread go on.
//
// A closed port is closing while its driver has output left, then dead: out of the table, and freed
// by epochs. Tasks that reach it still are answered as if there were no such port.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "vm/base/containers.h"
#include "vm/base/epoch.h"
#include "vm/io/distribution_sink.h"
#include "vm/io/driver.h"
#include "vm/io/framing.h"
#include "vm/os/poll.h"
#include "vm/proc/process.h"
#include "vm/proc/relations.h"
#include "vm/sched/signal_handler.h"

namespace joist {

class Ports;

// The thread that runs a port.
struct PortThread {
  uint32_t scheduler;  // or Schedulers::kNone
  EpochReader* reader;
};

enum class PortTaskKind : uint8_t {
  kCommand,
  kBadCommand,  // with data that is not iodata, or a message that no port understands
  kClose,
  kConnect,  // argument: the new owner
  kControl,
  kCall,    // operation, and a term in its external form as data
  kInfo,    // argument: the item, or none
  kSignal,  // of a process: links, monitors, exit/2
  kEvent,
  kAttach,  // sink: gets what arrives from now on
  kFail,    // argument: an atom, the reason with which the port ends
};

struct PortTask {
  PortTask() = default;
  ~PortTask() {
    if (signal != nullptr) release_signal(signal);
  }
  PortTask(const PortTask&) = delete;
  PortTask& operator=(const PortTask&) = delete;

  PortTask* next = nullptr;
  PortTaskKind kind = PortTaskKind::kEvent;
  bool is_message = false;  // Port ! {Owner, ...}, not a call
  bool refused_if_busy = false;
  uint64_t reply = 0;          // the reference that the caller waits with; 0: nobody waits
  Term caller = Term::none();  // a pid
  Term owner = Term::none();   // of a message: who the sender says is the owner
  Term argument = Term::none();
  uint32_t operation = 0;  // of kControl, kCall
  OutputData data;         // of kCommand, kControl, kCall
  Signal* signal = nullptr;
  DriverEvent event{};
  std::shared_ptr<DistributionSink> sink;
};

class Port {
 public:
  Port(Ports& ports, const DriverInfo& driver_info, std::string port_name,
       const PortOptions& options, Term first_owner);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  // --- any thread that has found it in an epoch ---
  // False: somebody else is in it.
  bool enter(const PortThread& thread);
  // After enter(). True: all tasks and events are done, none is before the caller's work.
  bool catch_up() { return work_off(); }
  // After enter(): does what there is to do, and lets go of it.
  void leave();
  // The same, but what there is to do is left to the poll thread: for a driver that has something
  // to do with another port of its own.
  void let_go();
  // Takes the task. leave() of whoever is in the port, or kick(), sees to it.
  void add_task(std::unique_ptr<PortTask> task);
  // Enters and leaves, if nobody is in it.
  void kick(const PortThread& thread);
  void add_events(uint32_t events) { events_.fetch_or(events, std::memory_order_seq_cst); }
  static constexpr uint32_t kTimeoutEvent = 1;
  static uint32_t descriptor_event(size_t slot, uint32_t ready) { return ready << (1 + 2 * slot); }

  Term id() const { return id_; }
  bool is_open() const { return (state_.load() & (kClosing | kDead)) == 0; }
  bool is_dead() const { return (state_.load() & kDead) != 0; }
  bool is_binary() const { return binary_; }
  bool has_soft_eof() const { return soft_eof_; }
  bool has_lines() const { return lines_ != nullptr; }
  bool is_busy() const { return (state_.load() & (kBusy | kBusyQueue)) != 0; }
  // Has nothing to do any more, as far as the caller can know: no tasks, no output.
  bool is_quiet() const;
  Term owner() const { return Term::from_bits(owner_.load(std::memory_order_acquire)); }
  const DriverInfo& driver_info() const { return driver_info_; }
  const std::string& name() const { return name_; }
  // Puts the process, which is the caller's and yields now, to sleep until the port is not busy.
  void suspend_sender(Process& sender);
  RegisteredName registered_name;
  // port_set_data and port_get_data; a copy of the term.
  void set_data(Signal* holder);
  Term data(Allocator& heap, const LiteralSpace* literals);

  // --- references: the table, the poll thread's list ---
  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();
  Port* next_scheduled = nullptr;
  std::atomic<bool> is_scheduled{false};

  // --- who is in it ---
  // What open_port does once the table has the port. nullptr: the driver has started.
  DriverStart start(const std::string& name, const PortOptions& options);
  void abandon();  // the driver has not started
  void link_owner() { links_.try_emplace(owner().bits()); }
  // The result of open_port comes as {Ref, Result}.
  void answer_open_with(uint64_t reference) { open_reply_ = reference; }
  // The driver, before start() returns it.
  void set_driver(std::unique_ptr<PortDriver> driver) { driver_ = std::move(driver); }
  std::unique_ptr<PortDriver> take_driver() { return std::move(driver_); }
  PortDriver* driver() { return driver_.get(); }
  // What the port's driver_info() belongs to stays as long as the port.
  void keep(std::shared_ptr<const DriverInfo> info) { kept_info_ = std::move(info); }
  // The result of a task as its native returns it.
  Term carry_out(PortTask& task, Allocator& heap);

  // --- its driver ---
  Ports& ports() { return ports_; }
  Runtime& runtime() const;
  // Data for the owner, as the port's options say.
  void deliver_data(ByteSpan bytes);
  // The same behind a list of bytes, which stays one where data are binaries; null: that alone.
  // `holder`: a buffer that the bytes lie in and that may be referred to.
  void deliver_behind(ByteSpan header, const ByteSpan* bytes, Binary* holder = nullptr);
  // {Port, {data, Data}}, with so many bytes of data.
  void deliver_term(Term data, size_t bytes);
  // {Port, Message}
  void tell_owner(Term message);
  void watch(int descriptor, uint32_t events);    // from now on, those too
  void unwatch(int descriptor, uint32_t events);  // not these
  void forget(int descriptor);                    // before it is closed
  void set_busy(bool busy);
  void set_timeout(int64_t deadline_ns);  // of the VM's clock; INT64_MAX: none
  // Who has asked for the command or operation that is carried out: a pid, or none().
  Term caller() const { return caller_; }
  // A message to any process; it becomes the receiver's. False: there is no such process.
  bool send(Term to, Signal* message);
  void count_input(size_t bytes);
  // PortDriver::process_ended is told with the id, unless the monitor is taken back. 0: there is no
  // such process.
  uint64_t monitor(Term process);
  void demonitor(uint64_t id);
  // none(): there is no such monitor.
  Term monitored(uint64_t id) const;
  // When commands that wait for their turn make the port busy.
  BusyLimits queue_limits() const { return {queue_low_.load(), queue_high_.load()}; }
  void set_queue_limits(const BusyLimits& limits);
  const PortThread& thread() const { return *thread_; }
  // For who has the driver's lock, while another thread waits for that to enter the port. Returns
  // whom it takes the place of.
  const PortThread* exchange_thread(const PortThread* thread) {
    return std::exchange(thread_, thread);
  }
  void started();
  void start_failed(int posix_error);
  void start_failed_with(Term why);
  void set_os_pid(int64_t pid) { os_pid_ = pid; }
  // The port ends: with the name of an error, or as `normal`, or because the input has ended, which
  // with the option eof is a message only.
  void fail(int posix_error);
  void fail_normal();
  void fail_end_of_file();
  void fail_term(Term reason) { fail_with(reason, false); }
  // Before one of those: the owner, which has been told otherwise, gets no exit signal.
  void unlink_owner();
  bool is_closing() const { return (state_.load() & kClosing) != 0; }

 private:
  friend class Ports;
  enum State : uint32_t { kBusy = 1, kBusyQueue = 2, kClosing = 4, kDead = 8 };
  struct Watch {
    int descriptor = -1;
    uint32_t wanted = 0;
    uint32_t armed = 0;
    bool is_known = false;  // to the poll set
  };
  static constexpr size_t kWatches = 4;
  static constexpr int kTasksAtOnce = 200;

  void unlock_driver();
  void tell_left();
  // True: there is nothing left to do.
  bool work_off();
  bool has_work() const;
  std::unique_ptr<PortTask> next_task();
  void handle_events(uint32_t events);
  void after_driver();
  void arm(size_t slot);
  Watch* find_watch(int descriptor);
  void charge_queue(const PortTask& task, bool arrives);

  // What tasks do: port_tasks.cpp.
  void perform(PortTask& task);
  void answer(const PortTask& task, Term result);
  void reply(Term to, uint64_t reference, Term result);
  Term command(PortTask& task);
  Term close(PortTask& task);
  Term connect(PortTask& task);
  Term control(PortTask& task, Allocator& heap);
  Term call(PortTask& task, Allocator& heap);
  Term info(Term item, Allocator& heap);
  Term info_item(Term item, Allocator& heap);
  void handle_signal(Signal& signal);
  void refuse_signal(const Signal& signal);
  void send_bad_signal();
  void deliver_message(ByteSpan header, const ByteSpan* bytes, const bool* ends_line,
                       Binary* holder = nullptr);
  SignalSource source() const { return {runtime(), thread_->scheduler, id_}; }

  // How it ends: port_end.cpp.
  enum class Cause : uint8_t { kSignal, kLinkExit, kCloseMessage, kDriver };
  bool end(Term from, Term reason, Cause cause);
  void terminate();
  void undo_link(Term process);
  void fail_with(Term reason, bool end_of_file);
  void remove();
  void resume_senders();

  Ports& ports_;
  const DriverInfo& driver_info_;
  const std::string name_;
  Term id_ = Term::none();
  std::atomic<uint32_t> references_{1};

  std::atomic<uint32_t> state_{0};
  std::atomic<bool> entered_{false};
  MpscQueue<PortTask> tasks_;
  std::atomic<uint32_t> events_{0};
  std::atomic<size_t> queued_bytes_{0};  // of commands in tasks_
  std::atomic<size_t> queue_low_;        // limits of that
  std::atomic<size_t> queue_high_;
  std::atomic<size_t> driver_bytes_{0};  // that the driver has not written, for is_quiet()
  std::atomic<Word> owner_;

  Mutex senders_mutex_;
  std::vector<Term> suspended_senders_ JOIST_GUARDED_BY(senders_mutex_);
  Mutex data_mutex_;
  Signal* data_ JOIST_GUARDED_BY(data_mutex_) = nullptr;

  // Only of who is in it:
  const PortThread* thread_ = nullptr;
  PortTask* ready_ = nullptr;  // taken from tasks_, in order
  std::unique_ptr<PortDriver> driver_;
  std::shared_ptr<const DriverInfo> kept_info_;
  bool told_left_ = false;
  Watch watches_[kWatches];
  std::map<Word, Link> links_;
  std::map<uint64_t, Watcher> watchers_;
  std::map<uint64_t, Term> monitors_;  // by reference_id
  Term caller_ = Term::none();
  std::shared_ptr<DistributionSink> sink_;
  const bool binary_;
  const bool soft_eof_;
  const bool parallelism_;
  std::unique_ptr<LineReader> lines_;
  uint64_t open_reply_ = 0;
  Term opener_;
  bool tells_closed_ = false;  // {Port, closed} to the owner at the end
  bool speaks_last_ = false;   // its driver is being stopped, and may still deliver
  int64_t os_pid_ = -1;
  int64_t deadline_ns_ = INT64_MAX;  // of its timeout; under the mutex of Ports
  uint64_t bytes_in_ = 0;
  uint64_t bytes_out_ = 0;
};

}  // namespace joist
