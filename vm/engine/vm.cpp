#include "vm/engine/vm.h"

#include "bif/dist_spawn.h"
#include "bif/file_handle.h"
#include "bif/library_modules.h"
#include "bif/persistent.h"
#include "bif/process_place.h"
#include "bif/re_pattern.h"
#include "bif/registry.h"
#include "bif/spawn_options.h"
#include "loader/load.h"
#include "vm/base/config.h"
#include "vm/base/fatal.h"
#include "vm/code/op_counts.h"
#include "vm/engine/external_terms.h"
#include "vm/ets/tables.h"
#include "vm/exec/run.h"
#include "vm/heap/builder.h"
#include "vm/os/entropy.h"
#include "vm/os/exit.h"
#include "vm/os/file.h"
#include "vm/os/memory.h"
#include "vm/os/thread.h"
#include "vm/sched/exit.h"
#include "vm/term/print.h"
#include "vm/term/rules.h"
#include "vm/trace/tracing.h"

namespace joist {
namespace {

constexpr int64_t kLongestReason = 1000;

// The stack trace names the native that was called.
Term refuse_native(Process& p, const Term*) { return p.not_supported("native"); }

constexpr ExitStage kExitStages[] = {leave_tables, let_go_of_resources, Nodes::leave};

// So long a VM that ends lets its ports write what they have.
constexpr int64_t kPortFlushNs = 2'000'000'000;

}  // namespace

Vm::Vm(VmOptions options) : options_(std::move(options)), dirty_threads_(options_.gc_stress) {
  if (options_.dirty_cpu_schedulers == 0) {
    const auto processors = static_cast<size_t>(std::max(1, cpu_count().available));
    options_.dirty_cpu_schedulers = std::min(options_.schedulers, processors);
  }
}

Vm::~Vm() {
  if (options_.boots_otp) set_fatal_handler(nullptr, nullptr);
  stopping_.store(true);
  if (schedulers_ == nullptr) return;
  for (size_t i = 0; i < schedulers_->count(); ++i) schedulers_->wake(i);
  std::vector<Thread> threads;
  {
    MutexLock lock(threads_mutex_);
    threads.swap(threads_);
  }
  for (Thread& thread : threads) {
    if (thread.joinable()) thread.join();
  }
  dirty_threads_.stop();
  if (ports_ != nullptr) ports_->flush(kPortFlushNs);
  ports_.reset();
  drivers_.reset();
  read_watch_.reset();
  runtime_.read_watch = nullptr;
  size_t slot = 0;
  while (Process* process = processes_.next(&slot)) {
    if (process != host_) destroy_process(process);
  }
  if (host_ != nullptr) destroy_process(host_);
  native_interface_.reset();
}

Result<std::unique_ptr<Vm>> Vm::create(VmOptions options) {
  std::unique_ptr<Vm> vm(new Vm(std::move(options)));
  JOIST_TRY(vm->start());
  return vm;
}

Result<void> Vm::start() {
  set_term_rules(options_.otp_release);
  if (options_.atom_limit != 0) set_atom_limit(options_.atom_limit);
  if (!literals_.create(affordable_space(kLiteralSpaceBytes))) {
    return make_error("cannot reserve address space for literals");
  }
  code_ = std::make_unique<CodeTable>(handler_table());
  const std::optional<std::string> splicing = environment_.get("JOIST_SPLICE");
  if (splicing != "0") code_->splicer().allow();
  if (splicing == "all" && code_->splicer().enable()) code_->splicer().splice_all();
  if (!options_.boots_otp) code_->set_finder(this);
  for (std::span<const NativeEntry> table : native_tables()) {
    for (const NativeEntry& entry : table) {
      if (is_shadowed(entry, options_.otp_release)) continue;
      const Mfa mfa = {must_atom(entry.module), must_atom(entry.function), entry.native.arity};
      code_->add_native(mfa, entry.native.function, entry.kind == kGuard);
      if (entry.kind == kDirtyCpu || entry.kind == kDirtyIo) {
        make_dirty(*code_->export_entry(mfa), entry.kind == kDirtyIo);
      }
      if (entry.kind == kQuickIo) code_->export_entry(mfa)->dirty_io = true;
    }
  }
  for (const NativeName& name : options_.missing_natives) {
    code_->add_native({must_atom(name.module), must_atom(name.function), name.arity}, refuse_native,
                      false);
  }
  retired_literals_ = std::make_unique<RetiredLiterals>(literals_);
  persistent_ = std::make_unique<PersistentTerms>(literals_, *retired_literals_);
  regexes_ = std::make_unique<RegexCache>();
  ets_ = std::make_unique<EtsTables>(options_.schedulers);
  external_terms_ = std::make_unique<ExternalTerms>(*code_, magic_references_);
  runtime_.code = code_.get();
  runtime_.persistent = persistent_.get();
  runtime_.regexes = regexes_.get();
  runtime_.ets = ets_.get();
  runtime_.externals = external_terms_.get();
  runtime_.local_term_key = SystemEntropy().seed();
  runtime_.literals = &literals_;
  runtime_.retired_literals = retired_literals_.get();
  runtime_.clock = &clock_;
  runtime_.time = &time_;
  runtime_.environment = &environment_;
  runtime_.otp_release = options_.otp_release;
  runtime_.settings.erts_version = options_.erts_version;
  runtime_.settings.schedulers = options_.schedulers;
  runtime_.settings.dirty_cpu_schedulers = options_.dirty_cpu_schedulers;
  runtime_.settings.dirty_io_schedulers = options_.dirty_io_schedulers;
  runtime_.settings.process_limit = options_.process_limit;
  runtime_.settings.port_limit = options_.port_limit;
  if (options_.table_limit != 0) runtime_.settings.table_limit = options_.table_limit;
  runtime_.settings.async_threads = options_.async_threads;
  runtime_.settings.warnings_as = options_.warnings_as;
  runtime_.settings.break_ignored = options_.break_mode == 'i';
  runtime_.settings.emulator_arguments = options_.emulator_arguments;
  flags_.set_heap_options(options_.heap);
  flags_.messages_off_heap.store(options_.messages_off_heap);
  flags_.halt_flush_timeout_ms.store(options_.halt_flush_timeout_ms);
  flags_.topology.set(options_.topology);
  flags_.reads_topology.store(options_.reads_topology);
  time_.set_correction(options_.time_correction);
  ets_->compress_by_default(options_.tables_are_compressed);
  if (options_.boots_otp) logger_.set_crash_dumper(&crash_dump_);
  runtime_.printable_unicode = options_.printable_unicode;
  runtime_.utf8_file_names = options_.utf8_file_names;
  return start_schedulers();
}

Result<void> Vm::start_schedulers() {
  constexpr size_t kDefaultProcessLimit = 262'144;
  const size_t limit = options_.process_limit;
  if (!processes_.create(limit != 0 ? limit : kDefaultProcessLimit) || !names_.create()) {
    return make_error("out of memory for the process table");
  }
  const Schedulers::Dirty dirty = {options_.dirty_cpu_schedulers, options_.dirty_io_schedulers,
                                   DirtyThreads::start_thread, &dirty_threads_};
  schedulers_ =
      std::make_unique<Schedulers>(options_.schedulers, clock_, start_thread, this, dirty);
  if (options_.schedulers_online != 0) schedulers_->set_online(options_.schedulers_online);
  if (options_.dirty_cpu_schedulers_online != 0) {
    schedulers_->dirty(ThreadKind::kDirtyCpu).set_online(options_.dirty_cpu_schedulers_online);
  }
  dirty_threads_.attach(*schedulers_);
  runtime_.prepare_start = start_process;
  runtime_.exit_stages = kExitStages;
  runtime_.processes = &processes_;
  runtime_.names = &names_;
  tracing_ = std::make_unique<Tracing>(runtime_);
  tracing_->process_dump = backtrace_text;
  runtime_.tracing = tracing_.get();
  runtime_.trace = tracing_.get();
  runtime_.logger = &logger_;
  flags_.microstates = std::make_unique<Microstates>(schedulers_->clock());
  Microstates& microstates = *flags_.microstates;
  microstates.add(Microstates::Kind::kScheduler, 1, options_.schedulers);
  microstates.add(Microstates::Kind::kDirtyCpu, 1,
                  schedulers_->dirty(ThreadKind::kDirtyCpu).threads());
  microstates.add(Microstates::Kind::kDirtyIo, 1,
                  schedulers_->dirty(ThreadKind::kDirtyIo).threads());
  microstates.add(Microstates::Kind::kPoll, 0, 1);
  schedulers_->attach(flags_);
  runtime_.heap_limit_reached = report_full_heap;
  runtime_.schedulers = schedulers_.get();
  message_timers_ = std::make_unique<MessageTimers>(runtime_);
  runtime_.message_timers = message_timers_.get();
  nodes_ = std::make_unique<Nodes>(runtime_, spawn_for_node, options_.distribution_busy_limit);
  ports_ = Ports::create(runtime_);
  if (ports_ == nullptr) return make_error("out of memory for the port table");
  ports_->set_parallelism(options_.port_parallelism);
  runtime_.ports = ports_.get();
  read_watch_ = std::make_unique<ReadWatch>(runtime_);
  runtime_.read_watch = read_watch_.get();
  runtime_.port_receiver = ports_.get();
  native_interface_ = std::make_unique<NativeInterface>(runtime_);
  drivers_ = std::make_unique<DriverInterface>(runtime_, *ports_);
  native_interface_->drivers = drivers_.get();
  ports_->remote_nodes = nodes_.get();
  for (size_t i = 0; i < options_.schedulers; ++i) {
    schedulers_->slot(i).reader = std::make_unique<EpochReader>(schedulers_->epochs());
    ProcessObserver& observer = *this;
    loops_.push_back(
        std::make_unique<Scheduler>(*schedulers_, static_cast<uint32_t>(i), observer, runtime_));
    loops_[i]->registers().gc_stress = options_.gc_stress;
  }
  {
    MutexLock lock(threads_mutex_);
    threads_.resize(options_.schedulers);
  }
  host_ = new Process;
  host_->runtime = &runtime_;
  host_->is_host = host_->host_is_idle = true;
  host_->host_roots = {kept_, 0};
  // Always somebody's: the embedding program's, or a scheduler's while a call lasts.
  host_->state.store(process_state::kScheduled);
  if (!host_->heap.create({}, &literals_)) return make_error("out of memory");
  if (options_.boots_otp) return {};
  return enter_host();
}

Result<void> Vm::enter_host() {
  host_->is_exiting = false;
  host_->exit_stage = host_->exit_step = 0;
  host_->signals.reopen();
  host_->registered_name.reopen();
  if (!processes_.add(*host_)) return make_error("the process table is full");
  host_->group_leader = host_->pid;
  return {};
}

// The first scheduler's thread is the one that calls the VM.
void Vm::start_thread(void* context, size_t scheduler) {
  Vm& vm = *static_cast<Vm*>(context);
  if (scheduler == 0) return;
  MutexLock lock(vm.threads_mutex_);
  if (vm.threads_.empty() || vm.threads_[scheduler].joinable()) return;
  char name[16];
  snprintf(name, sizeof name, "scheduler%zu", scheduler + 1);
  Scheduler* loop = vm.loops_[scheduler].get();
  std::atomic<bool>* stop = &vm.stopping_;
  Result<Thread> thread = Thread::start(name, [loop, stop] { loop->run(*stop); });
  if (!thread) fatal("%s", thread.error().text.c_str());
  vm.threads_[scheduler] = std::move(thread.value());
}

void Vm::crashed(Process& process) {
  report_crash(process);
  // Nothing can go on without a part of the emulator.
  if (process.is_system && !stopping_.load()) end_with(process);
}

void Vm::end_with(Process& process) {
  const std::string reason = term_text(final_exit_reason(process), kLongestReason);
  std::fflush(stdout);
  std::fprintf(stderr, "System process %s terminated: %s\r\n", term_text(process.pid).c_str(),
               reason.c_str());
  crash_dump_.write_crash_dump("System process " + term_text(process.pid) +
                               " terminated: " + reason);
  exit_now(1, false);
}

void Vm::host_stopped(Process&) {
  host_stopped_.store(true, std::memory_order_seq_cst);
  schedulers_->wake(0);
}

Result<void> Vm::load_module_by_name(std::string_view name) {
  const std::optional<Term> atom =
      name.size() <= kMaxAtomCharacters ? make_atom(name) : std::nullopt;
  if (!atom) return make_error("module name of %zu bytes is too long", name.size());
  if (code_->find_module(*atom) != nullptr) return {};
  const std::optional<std::string> path = options_.code_path.find(name);
  if (!path) {
    return make_error("no module %.*s on the code path", static_cast<int>(name.size()),
                      name.data());
  }
  const std::string& preloaded = options_.preloaded_folder;
  const bool is_preloaded = !preloaded.empty() && path->starts_with(preloaded + "/");
  const LineInfo lines = is_preloaded ? LineInfo::kDrop : LineInfo::kKeep;
  const std::vector<uint8_t> bytes = JOIST_TRY(read_file(*path));
  const Result<Term> loaded = load_module(bytes, *code_, literals_, lines);
  if (!loaded) return make_error("%s: %s", path->c_str(), loaded.error().text.c_str());
  if (!(loaded.value() == *atom)) {
    return make_error("%s holds the module %s", path->c_str(),
                      std::string(atom_text(loaded.value())).c_str());
  }
  return {};
}

// Without the process that owns its configuration, `logger` can do nothing: a boot starts that
// before all else, a bare VM when the module is first called. Its callers wait until the process
// that starts it has ended, however that went.
bool Vm::logger_has_started() {
  if (logger_starter_.is_none()) {
    // As logger_server:start_link/0, but linked to nobody: the caller may be gone soon.
    Heap heap;
    if (!heap.create({}, &literals_)) return true;
    const Term server = must_atom("logger_server");
    const Term name = make_tuple(heap, {must_atom("local"), atoms::logger});
    const Term all[] = {name, server, Term::nil(), Term::nil()};
    Process* starter = make_child(runtime_, {host_->pid, host_->group_leader, 0},
                                  {must_atom("gen_server"), atoms::start, 4}, make_list(heap, all),
                                  default_spawn_options(*host_));
    if (starter == nullptr) return true;
    logger_starter_ = starter->pid;
    schedulers_->enqueue(*starter, Schedulers::kNone);
    return false;
  }
  return processes_.find(logger_starter_) == nullptr;
}

// Another process may have loaded it while this one waited for its turn.
bool Vm::load(Term module) {
  MutexLock lock(load_mutex_);
  if (code_->find_module(module) != nullptr) return true;
  if (module == atoms::logger && !logger_has_started()) return true;
  const Result<void> result = load_module_by_name(atom_text(module));
  if (!result) load_error_ = result.error().text;
  return result.ok();
}

void Vm::count_ops() {
  op_counts_ = std::make_unique<OpCounts>();
  for (auto& loop : loops_) loop->registers().op_counts = op_counts_.get();
  code_->count_ops();
}

bool Vm::put_persistent(Term key, Term value) {
  return persistent_->put(key, value, PersistentTerms::PutMode::kReplace) ==
         PersistentTerms::PutResult::kDone;
}

size_t Vm::keep(Term term) {
  JOIST_CHECK(kept_count_ < std::size(kept_));
  kept_[kept_count_++] = term;
  host_->host_roots = {kept_, kept_count_};
  return kept_count_ - 1;
}

Vm::CallResult Vm::call(std::string_view module, std::string_view function,
                        std::initializer_list<Term> arguments) {
  return call({must_atom(module), must_atom(function), static_cast<uint32_t>(arguments.size())},
              {arguments.begin(), arguments.size()});
}

Vm::CallResult Vm::call(const Mfa& function, std::span<const Term> arguments) {
  Process& p = *host_;
  Registers& registers = loops_[0]->registers();
  p.registers = &registers;
  registers.process = &p;
  p.heap.limit = p.heap.end;
  // The way out needs a word of stack; the arguments are live in the X registers.
  for (size_t i = 0; i < arguments.size(); ++i) registers.x[i] = arguments[i];
  const auto live = static_cast<uint32_t>(arguments.size());
  const bool died = p.exit_stage != 0;
  if ((died && !enter_host()) || !p.collect_gc(1, live)) {
    return {false, Term::nil(), ExceptionClass::kExit, p.exit_reason, Term::nil()};
  }
  p.initial_call = function;
  start_process(p, code_->export_entry(function));
  p.save_registers();
  p.host_is_idle = p.exited_by_exception = false;
  host_stopped_.store(false);
  schedulers_->enqueue(p, Schedulers::kNone);
  loops_[0]->run(host_stopped_);
  return host_result();
}

Vm::CallResult Vm::host_result() const {
  const Process& p = *host_;
  if (p.exit_stage == 0) return {true, host_->saved_registers()[0], {}, {}, {}};
  if (p.host_raised) {
    return {false, Term::nil(), p.exception_class, p.exception_reason, p.exception_trace};
  }
  return {false, Term::nil(), ExceptionClass::kExit, p.exit_reason, Term::nil()};
}

}  // namespace joist
