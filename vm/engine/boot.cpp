// How an OTP system begins (see Vm::run_otp).
#include <atomic>
#include <optional>

#include "bif/spawn_options.h"
#include "loader/checked_beam.h"
#include "vm/base/fatal.h"
#include "vm/engine/os_signals.h"
#include "vm/engine/vm.h"
#include "vm/heap/builder.h"
#include "vm/os/file.h"
#include "vm/os/thread.h"

namespace joist {

namespace {

// A preloaded module on its way: two threads check the files from both ends of the list, and where
// they meet each file is checked by the one that begins first.
class PreloadedFile {
 public:
  std::string path;

  // Whether it is the caller who is to check it.
  bool begin() {
    int untouched = kUntouched;
    return state_.compare_exchange_strong(untouched, kBegun, std::memory_order_relaxed);
  }
  void check(const CodeTable& code) {
    const Result<void> done = try_check(code);
    if (!done) error_ = done.error();
    state_.store(kChecked, std::memory_order_release);
    state_.notify_one();
  }
  // Checks it, unless the other thread does.
  Result<void> load(CodeTable& code, LiteralSpace& literals) {
    if (begin()) check(code);
    state_.wait(kBegun, std::memory_order_acquire);
    if (error_) return *error_;
    Result<std::unique_ptr<Module>> module =
        prepare_checked(*beam_, code, literals, LineInfo::kDrop);
    if (!module) return in_file(module.error());
    code.publish(module.take());
    beam_.reset();
    bytes_ = {};
    return {};
  }

 private:
  enum State : int { kUntouched, kBegun, kChecked };

  Error in_file(const Error& error) const {
    return make_error("%s: %s", path.c_str(), error.text.c_str());
  }
  Result<void> try_check(const CodeTable& code) {
    bytes_ = JOIST_TRY(read_file(path));
    Result<std::unique_ptr<CheckedBeam>> beam = check_beam(bytes_, code);
    if (!beam) return in_file(beam.error());
    beam_ = beam.take();
    return {};
  }

  std::atomic<int> state_{kUntouched};
  std::vector<uint8_t> bytes_;
  std::unique_ptr<CheckedBeam> beam_;
  std::optional<Error> error_;
};

void dump_before_end(void* crash_dump, const char* reason) {
  static_cast<CrashDump*>(crash_dump)->write_after_failure(reason);
}

}  // namespace

// All of OTP's modules that are part of its emulator.
Result<void> Vm::load_preloaded() {
  std::vector<std::string> paths;
  for (const std::string& name : JOIST_TRY(list_directory(options_.preloaded_folder))) {
    if (name.ends_with(".beam")) paths.push_back(options_.preloaded_folder + "/" + name);
  }
  std::vector<PreloadedFile> files(paths.size());
  for (size_t i = 0; i < files.size(); ++i) files[i].path = paths[i];
  const CodeTable& code = *code_;
  const auto check_from_behind = [&files, &code] {
    for (size_t i = files.size(); i-- > 0;) {
      if (files[i].begin()) files[i].check(code);
    }
  };
  // Not having a helper only means that it takes longer.
  Result<Thread> helper = options_.schedulers > 1 ? Thread::start("preloading", check_from_behind)
                                                  : Result<Thread>(Thread());
  Result<void> loaded;
  for (PreloadedFile& file : files) {
    loaded = file.load(*code_, literals_);
    if (!loaded) break;
  }
  if (helper.ok() && helper.value().joinable()) helper.value().join();
  return loaded;
}

Result<Process*> Vm::start_system_process(const Mfa& function, Term arguments, Priority priority) {
  const ExportEntry* entry = code_->find_export(function);
  if (entry == nullptr || entry->is_undefined()) {
    return make_error("%s exports no %s/%u", std::string(atom_text(function.module)).c_str(),
                      std::string(atom_text(function.function)).c_str(), function.arity);
  }
  SpawnOptions options = default_spawn_options(*host_);
  options.priority = priority;
  const Spawned spawned = make_process(*host_, function, arguments, options);
  if (spawned.process == nullptr) return make_error("out of memory");
  spawned.process->is_system = true;
  // The first process leads the group of all others.
  if (!host_->group_leader.is_local_pid()) host_->group_leader = spawned.process->pid;
  spawned.process->group_leader = host_->group_leader;
  return spawned.process;
}

Error Vm::run_otp(std::string_view init, std::span<const std::string> arguments) {
  if (options_.dumps_after_own_errors) set_fatal_handler(dump_before_end, &crash_dump_);
  const auto begin = [&]() -> Result<void> {
    // What children inherit is settled from here on.
    JOIST_TRY(catch_os_signals(options_.break_mode));
    ports_->start_ahead();
    JOIST_TRY(load_preloaded());
    Process& host = *host_;
    host.registers = &loops_[0]->registers();
    host.parent = Term::none();
    ListBuilder list(host.heap);
    for (const std::string& argument : arguments) list.add(make_binary(host.heap, argument));
    const Term both[] = {must_atom(init), list.finish()};
    const Term start_arguments = make_list(host.heap, both);
    const Term none = Term::nil();
    std::vector<Process*> processes;
    const auto add = [&](Term module, uint32_t arity, Term with, Priority priority) {
      return start_system_process({module, atoms::start, arity}, with, priority);
    };
    processes.push_back(JOIST_TRY(add(atoms::erl_init, 2, start_arguments, Priority::kNormal)));
    processes.push_back(JOIST_TRY(add(atoms::erts_code_purger, 0, none, Priority::kHigh)));
    processes.push_back(
        JOIST_TRY(add(atoms::erts_literal_area_collector, 0, none, Priority::kHigh)));
    retired_literals_->set_collector(processes.back()->pid);
    for (const Priority priority : {Priority::kNormal, Priority::kHigh, Priority::kMax}) {
      processes.push_back(
          JOIST_TRY(add(atoms::erts_dirty_process_signal_handler, 0, none, priority)));
    }
    JOIST_TRY(start_os_signals(runtime_));
    for (Process* process : processes) start_spawned(host, *process);
    return {};
  };
  const Result<void> begun = begin();
  if (!begun) return begun.error();
  loops_[0]->run(stopping_);
  return make_error("the system stopped");
}

}  // namespace joist
