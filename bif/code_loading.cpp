// What OTP's code server, error handler and code purger are made of: preparing and publishing
// modules, on_load functions, deleting and purging
// (https://www.erlang.org/doc/reference_manual/code_loading.html).
#include <mutex>
#include <optional>
#include <utility>

#include "bif/literal_collection.h"
#include "bif/magic.h"
#include "bif/native_name.h"
#include "bif/registry.h"
#include "loader/load.h"
#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/heap/retired_literals.h"
#include "vm/nif/interface.h"
#include "vm/nif/library.h"
#include "vm/proc/native.h"
#include "vm/proc/stack_trace.h"
#include "vm/sched/exclusive.h"
#include "vm/sched/request.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/system_logger.h"
#include "vm/term/bits.h"
#include "vm/term/print.h"
#include "vm/trace/tracing.h"

namespace joist {

namespace {

// What erlang:prepare_loading/2 makes and erlang:finish_loading/1 takes, once.
struct PreparedCode {
  std::unique_ptr<Module> module;
  bool others_have_run = false;
};

using Permission = std::lock_guard<std::mutex>;

CodeTable& code_of(Process& p) { return *p.runtime->code; }

// --- preparing ---

// What OTP says of a damaged table or header; `joist disasm` shows the detail behind the colon too.
std::string_view without_detail(std::string_view error) {
  if (!error.starts_with("corrupt ") || error.starts_with("corrupt code: ")) return error;
  return error.substr(0, error.find(':'));
}

// A reference to the prepared code, or {error, badfile}.
Term prepare_loading_2(Process& p, Term name, Term file) {
  if (!name.is_atom() || !is_binary(file)) return p.badarg();
  ByteScratch scratch;
  const ByteSpan bytes = binary_bytes(file, scratch);
  p.charge(static_cast<int64_t>(bytes.size() / 64));
  Result<std::unique_ptr<Module>> prepared = prepare_beam(bytes, code_of(p), *p.runtime->literals);
  std::string wrong;
  if (!prepared) {
    wrong = without_detail(prepared.error().text);
  } else if (!(prepared.value()->name == name)) {
    wrong = "module name in object code is " + std::string(atom_text(prepared.value()->name));
  }
  if (!wrong.empty()) {
    const std::string text =
        "Error loading module " + std::string(atom_text(name)) + ":\n  " + wrong + "\n";
    p.runtime->logger->report_error(p, text);
    return make_tuple(p.heap, {atoms::error, atoms::badfile});
  }
  return Magic<PreparedCode>::make(p, 0, PreparedCode{prepared.take()});
}

PreparedCode* prepared_code(Term reference) {
  PreparedCode* code = Magic<PreparedCode>::get(reference);
  return code == nullptr || code->module == nullptr ? nullptr : code;
}

Term has_prepared_code_on_load_1(Process& p, Term reference) {
  const PreparedCode* code = prepared_code(reference);
  return code == nullptr ? p.badarg() : boolean(code->module->has_on_load());
}

// --- publishing ---

// {Tag, [Module]}
Term refusal(Process& p, Term tag, const std::vector<Term>& modules) {
  return make_tuple(p.heap, {tag, make_list(p.heap, std::span<const Term>(modules))});
}

std::vector<Term> repeated_names(const std::vector<PreparedCode*>& all) {
  std::vector<Term> names;
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (!(all[k]->module->name == all[i]->module->name)) continue;
      names.push_back(all[i]->module->name);
      break;
    }
  }
  return names;
}

std::vector<Term> not_purged(const CodeTable& code, const std::vector<PreparedCode*>& all) {
  std::vector<Term> names;
  for (const PreparedCode* each : all) {
    const Term name = each->module->name;
    if (code.find_module(name) != nullptr && code.has_old(name)) names.push_back(name);
  }
  return names;
}

// --- breakpoints of traced code ---
// They lie in current code only: out of an instance before it becomes old, and into one that has
// been published if there is a pattern for modules to come. Both need that nobody runs code.

bool has_load_pattern(Process& p) {
  for (const auto& [id, session] : p.runtime->tracing->sessions()) {
    if (session->on_load.on) return true;
  }
  return false;
}

bool changes_breakpoints(Process& p, Term module) {
  return p.runtime->tracing->patterns().any_in(module) || has_load_pattern(p);
}

void set_load_patterns(Process& p, Term name) {
  Module* module = code_of(p).find_module(name);
  if (module == nullptr) return;
  for (const auto& [id, session] : p.runtime->tracing->sessions()) {
    session->on_load.apply(p.runtime->tracing->patterns(), id, *module);
  }
}

// ok | {Reason, [Module]}
Term finish_loading_1(Process& p, Term list) {
  const Term prepared = list;
  std::vector<PreparedCode*> all;
  for (; list.is_list(); list = list.tail()) {
    all.push_back(prepared_code(list.head()));
    if (all.back() == nullptr) return p.badarg();
  }
  if (!list.is_nil()) return p.badarg();
  std::vector<Term> with_on_load;
  for (const PreparedCode* each : all) {
    if (each->module->has_on_load()) with_on_load.push_back(each->module->name);
  }
  // Several modules come at once or not at all, which an on_load function could not keep.
  if (all.size() > 1 && !with_on_load.empty()) return p.system_limit();
  // As in OTP, processes that are ready get their turn before the code changes: those just spawned
  // begin in the code that was there.
  if (!all.empty() && !std::exchange(all.front()->others_have_run, true)) {
    return p.yield({prepared});
  }
  CodeTable& code = code_of(p);
  std::optional<Exclusive> alone;
  for (const PreparedCode* each : all) {
    if (!alone && changes_breakpoints(p, each->module->name)) alone.emplace(p);
  }
  if (alone && !*alone) return p.yield({prepared});
  const Permission permission(code.permission());
  if (const std::vector<Term> names = repeated_names(all); !names.empty()) {
    return refusal(p, atoms::duplicated, names);
  }
  if (const std::vector<Term> names = not_purged(code, all); !names.empty()) {
    return refusal(p, atoms::not_purged, names);
  }
  for (PreparedCode* each : all) {
    const Term name = each->module->name;
    // Even if the current instance stays, because an on_load function fails.
    if (alone) p.runtime->tracing->patterns().clear_module(name);
    if (each->module->has_on_load()) {
      code.hold_for_on_load(std::move(each->module));
    } else {
      code.publish(std::move(each->module));
      if (alone) set_load_patterns(p, name);
    }
  }
  return with_on_load.empty() ? Term(atoms::ok) : refusal(p, atoms::on_load, with_on_load);
}

Term call_on_load_function_1(Process& p, Term name) {
  const Module* module = name.is_atom() ? code_of(p).waiting_for_on_load(name) : nullptr;
  if (module == nullptr) return p.badarg();
  return p.trap_to(&module->cells[module->functions[module->on_load].entry], 0);
}

// With `keep` false the instance waits to be purged.
Term finish_after_on_load_2(Process& p, Term name, Term keep) {
  const bool keeps = keep == atoms::true_;
  if (!name.is_atom() || (!keeps && !(keep == atoms::false_))) return p.badarg();
  CodeTable& code = code_of(p);
  std::optional<Exclusive> alone;
  if (keeps && changes_breakpoints(p, name)) alone.emplace(p);
  if (alone && !*alone) return p.yield({name, keep});
  const Permission permission(code.permission());
  if (code.waiting_for_on_load(name) == nullptr) return p.badarg();
  if (alone) p.runtime->tracing->patterns().clear_module(name);
  if (keeps) code.finish_on_load(name);
  if (alone) set_load_patterns(p, name);
  return atoms::true_;
}

// --- deleting and purging ---

Term check_old_code_1(Process& p, Term name) {
  return name.is_atom() ? boolean(code_of(p).has_old(name)) : p.badarg();
}

Term delete_module_1(Process& p, Term name) {
  if (!name.is_atom()) return p.badarg();
  CodeTable& code = code_of(p);
  std::optional<Exclusive> alone;
  if (p.runtime->tracing->patterns().any_in(name)) alone.emplace(p);
  if (alone && !*alone) return p.yield({name});
  const Permission permission(code.permission());
  if (!code.has_name(name)) return atoms::undefined;
  if (code.has_old(name)) {
    p.runtime->logger->report_error(
        p, "Module " + term_text(name) + " must be purged before deleting\n");
    return p.badarg();
  }
  if (alone) p.runtime->tracing->patterns().clear_module(name);
  code.remove(name);
  return atoms::true_;
}

void destroy_module(void* module) { delete static_cast<Module*>(module); }

// Those who called funs of the instance try again.
void wake_all(Process& p, const std::vector<Term>& waiters) {
  for (const Term pid : waiters) {
    send_request(p, pid, [](Process& waiter, Signal&) { --waiter.suspend_count; }, Term::nil());
  }
}

// Others may be looking at the instance still, and processes refer to its literals.
bool complete_purge(Process& p, Term name) {
  std::unique_ptr<Module> purged;
  wake_all(p, code_of(p).complete_purge(name, &purged));
  if (purged == nullptr) return false;
  for (const LiteralSpace::Area& area : purged->literal_areas) {
    p.runtime->retired_literals->add(area);
  }
  purged->literal_areas.clear();
  NativeInterface::current()->libraries().purged(*purged);
  tell_literal_collector(p);
  EpochReader& reader = *p.runtime->schedulers->slot(p.registers->scheduler).reader;
  reader.retire(purged.release(), destroy_module);
  return true;
}

// The steps that erts_code_purger takes.
Term purge_module_2(Process& p, Term name, Term step) {
  if (!name.is_atom()) return p.badarg();
  CodeTable& code = code_of(p);
  const Permission permission(code.permission());
  if (step == atoms::prepare) return boolean(code.begin_purge(name));
  if (step == atoms::prepare_on_load) return boolean(code.begin_purge_of_waiting(name));
  if (!code.is_purging(name)) return p.badarg();
  if (step == atoms::complete) return boolean(complete_purge(p, name));
  if (!(step == atoms::abort)) return p.badarg();
  wake_all(p, code.abort_purge(name));
  return atoms::false_;
}

// --- native libraries ---

Term load_nif_error(Process& p, const char* tag, std::string_view text) {
  return make_tuple(
      p.heap, {atoms::error, make_tuple(p.heap, {must_atom(tag), make_string(p.heap, text)})});
}

// The natives of OTP's own libraries are part of the VM and in place when their module is loaded.
Term load_nif_2(Process& p, Term path_term, Term info) {
  const std::optional<std::string> path = native_name(p, path_term);
  if (!path) return p.badarg();
  Word address;
  const CodeTable& code = code_of(p);
  const Module* caller =
      gather_addresses(p, &address, 1) == 0 ? nullptr : code.find_code(code_of_address(address));
  if (caller == nullptr) {
    return load_nif_error(p, "bad_lib",
                          "load_nif/2 must be explicitly called from the NIF module. It cannot be "
                          "called through apply/3.");
  }
  if (code.has_natives(caller->name)) return atoms::ok;
  if (code.is_old(caller)) {
    return load_nif_error(
        p, "old_code",
        "Calling load_nif from old module '" + term_text(caller->name) + "' not allowed");
  }
  // Nobody is to be in the functions that change.
  const Exclusive alone(p);
  if (!alone) return p.yield({path_term, info});
  return NativeInterface::current()->libraries().load(p, const_cast<Module&>(*caller), *path, info);
}

Term pre_loaded_0(Process& p) {
  ListBuilder names(p.heap);
  for (const Module* module : code_of(p).modules()) {
    if (module->preloaded) names.add(module->name);
  }
  return names.finish();
}

constexpr NativeEntry kCodeLoadingNatives[] = {
    {"erlang", "call_on_load_function", native<call_on_load_function_1>},
    {"erlang", "check_old_code", native<check_old_code_1>},
    {"erlang", "delete_module", native<delete_module_1>},
    {"erlang", "finish_after_on_load", native<finish_after_on_load_2>},
    {"erlang", "finish_loading", native<finish_loading_1>},
    {"erlang", "has_prepared_code_on_load", native<has_prepared_code_on_load_1>},
    {"erlang", "load_nif", native<load_nif_2>},
    {"erlang", "pre_loaded", native<pre_loaded_0>},
    {"erts_internal", "prepare_loading", native<prepare_loading_2>},
    {"erts_internal", "purge_module", native<purge_module_2>},
};

}  // namespace

std::span<const NativeEntry> code_loading_natives() { return kCodeLoadingNatives; }

}  // namespace joist
