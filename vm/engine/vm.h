// The virtual machine: owns every table, wires them together, and runs processes. Nothing below
// knows it; natives and the interpreter see its tables through Runtime.
//
// A bare VM, for `joist exec` and the tests, has a host process that the embedding program calls
// functions in; whatever that starts runs on the schedulers, the calling thread being the first of
// them while it waits. Code that is called and not loaded is looked for on the code path.
//
// A VM that boots OTP has no such process: run_otp() starts OTP's first one, erl_init, and the
// emulator's own beside it, and the calling thread is a scheduler until the system halts.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "vm/base/result.h"
#include "vm/code/code_table.h"
#include "vm/codec/magic_table.h"
#include "vm/dist/nodes.h"
#include "vm/driver/interface.h"
#include "vm/engine/code_path.h"
#include "vm/engine/crash_dump.h"
#include "vm/engine/dirty.h"
#include "vm/engine/otp_root.h"
#include "vm/engine/scheduler.h"
#include "vm/heap/literals.h"
#include "vm/heap/retired_literals.h"
#include "vm/io/ports.h"
#include "vm/io/read_watch.h"
#include "vm/nif/interface.h"
#include "vm/os/clock.h"
#include "vm/os/environment.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process.h"
#include "vm/proc/process_table.h"
#include "vm/proc/time.h"
#include "vm/sched/message_timers.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/system_flags.h"
#include "vm/sched/system_logger.h"

namespace joist {

struct NativeName {
  std::string module;
  std::string function;
  uint32_t arity;
};

struct VmOptions {
  int otp_release = 25;
  std::string erts_version;
  CodePath code_path;
  std::string preloaded_folder;  // where OTP's preloaded modules are
  // Natives that the release has and Joist has not: calling one raises not_supported.
  std::vector<NativeName> missing_natives;
  bool gc_stress = false;
  bool boots_otp = false;  // run_otp() is to be called, instead of call()
  size_t schedulers = 1;
  size_t dirty_cpu_schedulers = 0;         // 0: one a processor, but no more than schedulers
  size_t dirty_cpu_schedulers_online = 0;  // 0: all
  size_t dirty_io_schedulers = 10;
  size_t schedulers_online = 0;  // 0: all
  size_t async_threads = 1;
  size_t process_limit = 0;  // 0: the release's default
  size_t port_limit = 65536;
  size_t table_limit = 0;                            // 0: the default
  size_t atom_limit = 0;                             // 0: the default
  size_t distribution_busy_limit = size_t{1} << 20;  // +zdbbl, in bytes
  bool printable_unicode = false;
  bool utf8_file_names = true;
  char break_mode = 0;                 // +B: 'd', 'i' or 'c'
  char warnings_as = 'w';              // +W: 'i', 'w' or 'e'
  std::optional<TimeWarp> time_warp;   // +C; unset: the release's default
  HeapOptions heap;                    // +hms and its like
  bool messages_off_heap = false;      // +hmqd
  int64_t halt_flush_timeout_ms = -1;  // +zhft; -1: no limit
  bool time_correction = true;         // +c
  bool port_parallelism = false;       // +spp
  bool tables_are_compressed = false;  // +ec
  std::vector<LogicalCpu> topology;    // +sct; empty: what the system tells
  bool reads_topology = true;          // false: +ssrct or +sct, nobody asks the system
  bool dumps_after_own_errors = true;  // +d: only a core dump, no erl_crash.dump
  std::vector<std::string> emulator_arguments;
};

class ExternalTerms;

class Vm : private ModuleFinder, private ProcessObserver {
 public:
  static Result<std::unique_ptr<Vm>> create(VmOptions options);
  ~Vm() override;
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  // Loads the module of that name from the code path, unless it is loaded. The error names the
  // file and what is wrong with it.
  Result<void> load_module_by_name(std::string_view name);

  // What became of a call.
  struct CallResult {
    bool returned;
    Term value;                // of the call, if it returned
    ExceptionClass exception;  // otherwise
    Term reason;
    Term trace;
  };
  // Calls the function in the host process and runs it to its end. Terms of earlier results may
  // be arguments; those that must survive further calls are kept with keep().
  CallResult call(const Mfa& function, std::span<const Term> arguments);
  CallResult call(std::string_view module, std::string_view function,
                  std::initializer_list<Term> arguments);

  // Boots OTP: init, the module that erl_init goes on with, gets `arguments`. Returns only if that
  // cannot be started.
  Error run_otp(std::string_view init, std::span<const std::string> arguments);

  // persistent_term:put/2 for the embedding program. False: the literal space is full.
  bool put_persistent(Term key, Term value);

  // Keeps a term of the process alive and up to date across calls; returns its slot.
  size_t keep(Term term);
  Term kept(size_t slot) const { return kept_[slot]; }

  Process& process() { return *host_; }
  // Code loaded from now on counts what it executes.
  void count_ops();
  const OpCounts* op_counts() const { return op_counts_.get(); }
  CodeTable& code() { return *code_; }
  LiteralSpace& literals() { return literals_; }
  const std::string& load_error() const { return load_error_; }

 private:
  explicit Vm(VmOptions options);
  Result<void> start();
  Result<void> start_schedulers();
  // Also true, with no such module yet: it is on its way, and the caller is to ask again.
  bool load(Term module) override;
  bool logger_has_started() JOIST_REQUIRES(load_mutex_);
  void crashed(Process& process) override;
  [[noreturn]] void end_with(Process& process);
  void host_stopped(Process& process) override;
  Result<void> load_preloaded();
  Result<Process*> start_system_process(const Mfa& function, Term arguments, Priority priority);
  static void start_thread(void* vm, size_t scheduler);
  // Enters the host process, anew if it has died.
  Result<void> enter_host();
  CallResult host_result() const;

  VmOptions options_;
  MagicTable magic_references_;  // outlives all references
  LiteralSpace literals_;
  std::unique_ptr<RetiredLiterals> retired_literals_;
  SystemClock clock_;
  ErlangTime time_{clock_, options_.time_warp.value_or(
                               options_.otp_release >= 26 ? TimeWarp::kMulti : TimeWarp::kNone)};
  Environment environment_;
  SystemFlags flags_;
  Runtime runtime_;
  CrashDump crash_dump_{runtime_};
  std::unique_ptr<Tracing> tracing_;  // outlives all references to sessions
  std::unique_ptr<CodeTable> code_;
  std::unique_ptr<PersistentTerms> persistent_;
  std::unique_ptr<RegexCache> regexes_;
  std::unique_ptr<EtsTables> ets_;
  std::unique_ptr<ExternalTerms> external_terms_;
  std::unique_ptr<OpCounts> op_counts_;
  ProcessTable processes_;
  NameTable names_;
  DirtyThreads dirty_threads_;
  std::unique_ptr<Schedulers> schedulers_;
  std::unique_ptr<MessageTimers> message_timers_;
  std::unique_ptr<Nodes> nodes_;
  std::unique_ptr<DriverInterface> drivers_;  // ends after the ports
  std::unique_ptr<Ports> ports_;              // ends before the schedulers' epochs
  std::unique_ptr<ReadWatch> read_watch_;     // likewise
  std::unique_ptr<NativeInterface> native_interface_;
  SystemLogger logger_;
  std::vector<std::unique_ptr<Scheduler>> loops_;
  Mutex threads_mutex_;
  std::vector<Thread> threads_ JOIST_GUARDED_BY(threads_mutex_);
  std::atomic<bool> stopping_{false};
  std::atomic<bool> host_stopped_{false};
  Process* host_ = nullptr;
  Term kept_[64];
  size_t kept_count_ = 0;
  Mutex load_mutex_;  // one module is loaded at a time
  // The process that starts logger's server; none: nobody has called logger yet.
  Term logger_starter_ JOIST_GUARDED_BY(load_mutex_) = Term::none();
  std::string load_error_;  // of the latest module that was found but could not be loaded
};

}  // namespace joist
