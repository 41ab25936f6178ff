// All ports of a VM, and the thread that waits for their descriptors. The thread is started with
// the first port.
//
// The poll thread runs a port when a descriptor is ready, when a time is over, and when somebody
// else had to leave work: schedule(). It is a reader of the epochs (vm/base/epoch.h), and is
// offline while it waits.
#pragma once

#include <memory>
#include <optional>
#include <set>

#include "vm/io/forker.h"
#include "vm/io/port.h"
#include "vm/io/port_table.h"
#include "vm/os/thread.h"
#include "vm/os/tty.h"
#include "vm/sched/port_receiver.h"

namespace joist {

class Schedulers;

// Watches descriptors by the same poll thread, under tags of its own: those with kTagBit.
class DescriptorWatcher {
 public:
  static constexpr uint64_t kTagBit = uint64_t{1} << 62;
  virtual void ready(const PollSet::Event& event, const PortThread& thread) = 0;

 protected:
  ~DescriptorWatcher() = default;
};

class Ports final : public PortReceiver {
 public:
  // nullptr: no memory.
  static std::unique_ptr<Ports> create(Runtime& runtime);
  // No scheduler runs any more. Ports are closed as they are, without their output.
  ~Ports() override;
  Ports(const Ports&) = delete;
  Ports& operator=(const Ports&) = delete;

  // --- what natives do ---
  struct Opened {
    Term port = Term::none();  // the port, or the reference that it comes with
    DriverStart failure;       // when there is none
    bool table_is_full = false;
  };
  Opened open(Process& p, const DriverInfo& driver, const std::string& name,
              const PortOptions& options);
  // For a driver, by the thread that is in its port: a port with a driver of its own, linked to
  // `owner`. none(): there is no room, or no such process.
  using MakeDriver = std::unique_ptr<PortDriver> (*)(Port& port, void* argument);
  Term open_for(const PortThread& thread, Term owner, const DriverInfo& info,
                const std::string& name, MakeDriver make, void* argument);
  // Ends all ports with that driver.
  void fail_all(uint32_t scheduler, const DriverInfo& info, Term reason);
  // The result of the task, whose caller `p` is; or a reference with which {Ref, Result} comes.
  Term call(Process& p, Port& port, std::unique_ptr<PortTask> task);
  // For a system that will open ports and start children, as OTP does while it boots: has the
  // thread and the process for them started while there is something else to do.
  void start_ahead() JOIST_EXCLUDES(start_mutex_);
  // Open or not; null: there is none.
  Port* find(Term id) const { return table_.find(id); }
  // Of ports whose opener does not say: +spp. Before the first port.
  void set_parallelism(bool parallelism) { parallelism_ = parallelism; }
  bool parallelism() const { return parallelism_; }
  const PortTable& table() const { return table_; }
  void set_next_number(Word number) { table_.set_next_number(number); }
  // Waits until no port has output left, so long at most (negative: without limit). False: some
  // had.
  bool flush(int64_t timeout_ns);

  // While the break menu is shown: the poll thread leaves ports and descriptors alone from the
  // return of stand_still() to go_on().
  void stand_still() JOIST_EXCLUDES(pause_mutex_);
  void go_on() JOIST_EXCLUDES(pause_mutex_);

  // Before the OS process ends: the terminal gets back the modes that it had.
  void release_terminal() JOIST_EXCLUDES(terminal_mutex_);

  // --- distribution (vm/io/distribution_sink.h); any thread that is in an epoch ---
  // Both: false: there is no such port, or it is closed.
  bool attach(uint32_t scheduler, Term port, std::shared_ptr<DistributionSink> sink);
  bool send_packet(uint32_t scheduler, Term port, OutputData packet);

  // --- PortReceiver ---
  bool deliver(uint32_t scheduler, Term port, Signal* signal) override;
  SendResult send(Process& sender, Term port, Term message, WhenBusy when_busy) override;
  bool command(uint32_t scheduler, Term port, ByteSpan bytes) override;
  bool is_open(Term port) const override;

  // --- what ports and drivers use ---
  Runtime& runtime() { return runtime_; }
  PollSet& poll_set() { return *poll_set_; }
  Forker& forker() { return forker_; }
  // Before the first port.
  void set_descriptor_watcher(DescriptorWatcher* watcher) { watcher_ = watcher; }
  // The poll thread enters the port. Any thread.
  void schedule(Port& port);
  // An event for the driver of a port, if there is such a port. Any thread that is in an epoch.
  void send_event(Term port, const DriverEvent& event);
  // The same by a thread that may enter ports.
  void send_event(const PortThread& thread, Term port, const DriverEvent& event);
  // INT64_MAX: none.
  void set_timeout(Port& port, int64_t deadline_ns) JOIST_EXCLUDES(timeouts_mutex_);
  void remove(Port& port) { table_.remove(port.id()); }
  // A driver changes the modes of the terminal. False: another one has done so.
  bool take_terminal(int descriptor, const TerminalModes& former) JOIST_EXCLUDES(terminal_mutex_);

 private:
  explicit Ports(Runtime& runtime) : runtime_(runtime) {}
  // With the forker: the thread starts that first.
  bool start_thread(bool with_forker = false) JOIST_EXCLUDES(start_mutex_);
  void run();
  size_t wait_for_events(std::span<PollSet::Event> events, int64_t timeout);
  void handle_ready(const PollSet::Event& event, const PortThread& thread);
  void run_scheduled(const PortThread& thread);
  // Returns how long there is until the next one.
  int64_t run_timeouts(const PortThread& thread) JOIST_EXCLUDES(timeouts_mutex_);
  // What a scheduler's thread enters ports with; nothing: the thread is none.
  std::optional<PortThread> thread_of(uint32_t scheduler);
  Port* add_event(Term port, const DriverEvent& event);
  void end_at_halt(Port& port);
  void submit(uint32_t scheduler, Port& port, std::unique_ptr<PortTask> task);

  Runtime& runtime_;
  bool parallelism_ = false;
  PortTable table_;
  Forker forker_{*this};
  DescriptorWatcher* watcher_ = nullptr;
  std::unique_ptr<PollSet> poll_set_;
  MpscQueue<Port, &Port::next_scheduled> scheduled_;
  std::atomic<bool> stopping_{false};
  Mutex timeouts_mutex_;
  std::set<std::pair<int64_t, Word>> timeouts_ JOIST_GUARDED_BY(timeouts_mutex_);

  struct TakenTerminal {
    int descriptor;
    TerminalModes former;
  };
  Mutex terminal_mutex_;
  std::optional<TakenTerminal> terminal_ JOIST_GUARDED_BY(terminal_mutex_);

  void wait_if_paused(EpochReader& reader) JOIST_EXCLUDES(pause_mutex_);
  std::atomic<bool> paused_{false};
  Mutex pause_mutex_;
  Condition pause_changed_;
  bool stands_still_ JOIST_GUARDED_BY(pause_mutex_) = false;

  Mutex start_mutex_;
  bool started_ JOIST_GUARDED_BY(start_mutex_) = false;
  Thread thread_;
};

}  // namespace joist
