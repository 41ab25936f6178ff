// How an OTP system begins (see Vm::run_otp).
#include "bif/spawn_options.h"
#include "loader/load.h"
#include "vm/base/fatal.h"
#include "vm/engine/os_signals.h"
#include "vm/engine/vm.h"
#include "vm/heap/builder.h"
#include "vm/os/file.h"

namespace joist {

namespace {

void dump_before_end(void* crash_dump, const char* reason) {
  static_cast<CrashDump*>(crash_dump)->write_after_failure(reason);
}

}  // namespace

// All of OTP's modules that are part of its emulator.
Result<void> Vm::load_preloaded() {
  for (const std::string& name : JOIST_TRY(list_directory(options_.preloaded_folder))) {
    if (!name.ends_with(".beam")) continue;
    const std::string path = options_.preloaded_folder + "/" + name;
    const std::vector<uint8_t> bytes = JOIST_TRY(read_file(path));
    const Result<Term> loaded = load_module(bytes, *code_, literals_, LineInfo::kDrop);
    if (!loaded) return make_error("%s: %s", path.c_str(), loaded.error().text.c_str());
  }
  return {};
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
    JOIST_TRY(start_os_signals(runtime_, options_.break_mode));
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
    for (Process* process : processes) start_spawned(host, *process);
    return {};
  };
  const Result<void> begun = begin();
  if (!begun) return begun.error();
  loops_[0]->run(stopping_);
  return make_error("the system stopped");
}

}  // namespace joist
