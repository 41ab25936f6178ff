// Who traces what: sessions, the flags that processes have in them, and the messages that follow.
//
// A session has its own tracers, flags and call patterns; erlang:trace/3 and its kin work on the
// first one, which always exists. A process that is traced has one ProcessTrace::Ref for each
// session that wants to know of it, and the union of their flags in Process::trace_flags.
//
// Whoever changes the flags of another process, patterns or sessions has an Exclusive
// (vm/sched/exclusive.h), so that all of it is read without locks.
#pragma once

#include <map>
#include <memory>

#include "vm/base/sync.h"
#include "vm/proc/process.h"
#include "vm/proc/process_extras.h"
#include "vm/trace/call_patterns.h"
#include "vm/trace/emit.h"

namespace joist {

struct TraceSession {
  uint64_t id = 0;
  Term name = Term::none();
  Term tracer = Term::none();  // of all its processes; none(): each has its own (first session)
  // What new processes and new ports are born with.
  uint32_t new_process_flags = 0;
  Term new_process_tracer = Term::none();
  uint32_t new_port_flags = 0;
  Term new_port_tracer = Term::none();
  EventPattern send;
  EventPattern receive;
  LoadPattern on_load;
};

// What erlang:system_monitor/2 has set, besides the thresholds in TraceHook.
struct SystemMonitor {
  Term process = Term::none();  // none(): nobody
  int64_t long_gc_ms = 0;
  int64_t long_schedule_ms = 0;
  uint64_t large_heap_words = 0;
  int64_t queue_low = 0;  // long_message_queue; high 0: not wanted
  int64_t queue_high = 0;
  bool busy_port = false;
  bool busy_dist_port = false;
};

class Tracing final : public TraceHook {
 public:
  explicit Tracing(Runtime& runtime);
  ~Tracing() override;

  // --- with an Exclusive ---
  TraceSession& first_session() { return *sessions_.begin()->second; }
  TraceSession* session(uint64_t id);  // null: it has been destroyed
  void destroy_abandoned();
  TraceSession& create_session(Term name, Term tracer);
  void destroy_session(uint64_t id);
  // Sets or clears the flags. False: another tracer, which is alive, traces the process.
  bool change_flags(Process& process, TraceSession& session, bool on, uint32_t flags, Term tracer);
  void new_flags_changed();
  std::map<uint64_t, std::unique_ptr<TraceSession>>& sessions() { return sessions_; }
  CallPatterns& patterns() { return patterns_; }
  const SystemMonitor& system_monitor() const { return monitor_; }
  void set_system_monitor(const SystemMonitor& monitor);

  // --- by whoever runs the process ---
  // The session's flags and tracer there; null: it has none. A tracer that is gone takes the flags
  // with it.
  const ProcessTrace::Ref* ref(Process& process, uint64_t session);
  // Takes flags away and adds others, whatever tracer the process has; `tracer` (if not none)
  // becomes its tracer.
  void replace_flags(Process& process, TraceSession& session, uint32_t off, uint32_t on,
                     Term tracer);
  // After refs, token or what else the flags depend on have changed.
  static void refresh_flags(Process& process);
  // The event for all sessions that want `flag`.
  void tell(Process& process, uint32_t flag, const TraceEvent& event);
  bool tell_one(Process& process, const ProcessTrace::Ref& ref, const TraceEvent& event);
  static TraceSource source_of(const Process& process);
  // {M, F, A} of the code that the process is in; 0: unknown.
  Term current_function(Process& process, Allocator& heap);
  // The text of {process_dump}: set by the layer above.
  std::string (*process_dump)(const Process& process) = nullptr;

  // --- any thread ---
  void abandon_session(uint64_t id);
  std::atomic<uint32_t> control_word{0};                            // get_tcw, set_tcw
  std::atomic<Word> sequential_tracer{Term(atoms::false_).bits()};  // pid, port, or false

  // --- TraceHook ---
  void sending(Process& sender, Term to, Term message) override;
  void token_for(Process& sender, Term receiver, Term message) override;
  Signal* message_with_token(Process& sender, Term receiver, Term message) override;
  void received(Process& receiver, const Signal& message) override;
  void taken(Process& receiver, const Signal& message) override;
  void about_process(Process& process, Term what, Term data) override;
  void linking(Process& process, Term other) override;
  void spawning(Process& parent, Process& child, bool linked) override;
  void spawned(Process& parent, Process& child, Term arguments, bool linked) override;
  void scheduled(Process& process, bool in) override;
  void out_exited(Process& process) override;
  void collecting(Process& process, bool major, bool starts, size_t words) override;
  void heap_limit_reached(Process& process) override;
  void collected(Process& process, int64_t ns) override;
  void ran_long(Process& process, const void* in, int64_t ns) override;
  void look_at_queue(Process& process) override;

 private:
  void inherit_token(Process& parent, Process& child);
  void drop_ref(Process& process, size_t index);
  void drop_ref_of(Process& process, uint64_t session);
  // Those that go to a process that has come from `flags` of its parent.
  static void hand_on(Process& parent, Process& child, bool linked);

  Runtime& runtime_;
  std::map<uint64_t, std::unique_ptr<TraceSession>> sessions_;
  uint64_t next_session_ = 0;
  Mutex abandoned_mutex_;
  std::vector<uint64_t> abandoned_ JOIST_GUARDED_BY(abandoned_mutex_);
  CallPatterns patterns_;
  // Tells the monitoring process of `p`.
  void tell_monitor(Process& p, Term what, Term info);
  SystemMonitor monitor_;
  uint32_t monitor_count_ = 0;  // how many there have been
};

}  // namespace joist
