// Code by name: apply/2,3, module_info, what is loaded and exported; self and node.
#include <algorithm>

#include "bif/library_modules.h"
#include "bif/registry.h"
#include "vm/code/code_table.h"
#include "vm/code/fun_call.h"
#include "vm/heap/builder.h"
#include "vm/nif/interface.h"
#include "vm/nif/library.h"
#include "vm/proc/native.h"
#include "vm/term/node.h"

namespace joist {
namespace {

// Moves the elements of the list to the X registers. False: it raises, and the registers, whose
// first ones the error shows, are as they were.
bool spread(Process& p, Term list, size_t limit, uint32_t* arity) {
  Term* x = p.registers->x;
  const Term first[] = {x[0], x[1], x[2]};
  const ArgumentList kind = spread_arguments(list, limit, x, arity);
  if (kind == ArgumentList::kProper) return true;
  std::copy(std::begin(first), std::end(first), x);
  kind == ArgumentList::kTooLong ? p.system_limit() : p.badarg();
  return false;
}

Term apply_3(Process& p, Term module, Term function, Term arguments) {
  if (!module.is_atom() || !function.is_atom()) return p.badarg();
  uint32_t arity;
  if (!spread(p, arguments, kMaxAppliedArguments, &arity)) return Term::none();
  return p.trap_to(p.runtime->code->export_entry({module, function, arity})->target(), arity);
}

Term apply_2(Process& p, Term fun, Term arguments) {
  const auto raise = [&](Term reason, Term value) {
    p.registers->x[0] = fun;
    p.registers->x[1] = arguments;
    return p.error_tuple(reason, value);
  };
  uint32_t arity;
  if (!spread(p, arguments, kMaxFunArguments, &arity)) return Term::none();
  if (!is_fun(fun)) return raise(atoms::badfun, fun);
  if (fun_arity(fun) != arity) {
    return raise(atoms::badarity, make_tuple(p.heap, {fun, arguments}));
  }
  if (is_kind(fun, Boxed::kExportFun)) {
    return p.trap_to(export_of(export_fun_identity(fun))->target(), arity);
  }
  spread_environment(fun, p.registers->x, arity);
  return p.trap_to(local_fun_code(fun), arity + local_fun_identity(fun)->free_count);
}

Term self_0(Process& p) { return p.pid; }
Term node_0(Process&) { return local_node()->name; }
Term node_1(Process& p, Term thing) {
  return is_pid(thing) || is_port(thing) || is_ref(thing) ? node_of(thing)->name : p.badarg();
}

Term function_exported_3(Process& p, Term module, Term function, Term arity) {
  const bool sound =
      module.is_atom() && function.is_atom() && arity.is_small() && arity.small_value() >= 0;
  if (!sound) return p.badarg();
  if (arity.small_value() > 255) return atoms::false_;
  const ExportEntry* entry =
      p.runtime->code->find_export({module, function, static_cast<uint32_t>(arity.small_value())});
  return boolean(entry != nullptr && !entry->is_undefined());
}

Term module_loaded_1(Process& p, Term module) {
  if (!module.is_atom()) return p.badarg();
  return boolean(p.runtime->code->find_module(module) != nullptr);
}

Term loaded_0(Process& p) {
  ListBuilder names(p.heap);
  for (const Module* module : p.runtime->code->modules()) names.add(module->name);
  return names.finish();
}

// --- module_info ---

Term function_list(Process& p, const std::vector<FunctionName>& functions, Term tail) {
  ListBuilder list(p.heap);
  for (const FunctionName& function : functions) {
    list.add(make_tuple(p.heap, {function.name, Term::small(function.arity)}));
  }
  return list.finish(tail);
}

// [{Name, Arity}, ...] of those that OTP has in a NIF library.
Term library_natives(Process& p, const Module& module) {
  const std::string_view name = atom_text(module.name);
  if (!is_library_module(name)) {
    const NativeInterface* interface = NativeInterface::current();
    if (interface == nullptr) return Term::nil();
    return function_list(p, interface->libraries().functions(module), Term::nil());
  }
  ListBuilder natives(p.heap);
  for (std::span<const NativeEntry> table : native_tables()) {
    for (const NativeEntry& entry : table) {
      if (name != entry.module) continue;
      natives.add(make_tuple(p.heap, {must_atom(entry.function), Term::small(entry.native.arity)}));
    }
  }
  return natives.finish();
}

// none(): no such item.
Term module_item(Process& p, const Module& module, Term item) {
  if (item == atoms::module) return module.name;
  if (item == atoms::md5) return make_binary(p.heap, ByteSpan(module.md5, sizeof module.md5));
  if (item == atoms::attributes) return module.attributes;
  if (item == atoms::compile) return module.compile_info;
  if (item == atoms::exports || item == atoms::exported_functions) {
    return function_list(p, module.exports, Term::nil());
  }
  if (item == atoms::functions) {
    return function_list(p, module.exports, function_list(p, module.locals, Term::nil()));
  }
  if (item == atoms::nifs) return library_natives(p, module);
  if (item == atoms::native_addresses) return Term::nil();
  if (item == atoms::native) return atoms::false_;
  return Term::none();
}

Term get_module_info_2(Process& p, Term name, Term item) {
  const Module* module = name.is_atom() ? p.runtime->code->find_module(name) : nullptr;
  if (module == nullptr || !item.is_atom()) return p.badarg();
  const Term value = module_item(p, *module, item);
  return value.is_none() ? p.badarg() : value;
}

Term get_module_info_1(Process& p, Term name) {
  const Module* module = name.is_atom() ? p.runtime->code->find_module(name) : nullptr;
  if (module == nullptr) return p.badarg();
  static constexpr Term kItems[] = {atoms::module, atoms::exports, atoms::attributes,
                                    atoms::compile, atoms::md5};
  ListBuilder list(p.heap);
  for (Term item : kItems) {
    list.add(make_tuple(p.heap, {item, module_item(p, *module, item)}));
  }
  return list.finish();
}

const NativeEntry kNatives[] = {
    {"erlang", "apply", native<apply_2>},
    {"erlang", "apply", native<apply_3>},
    {"erlang", "self", native<self_0>, kGuard},
    {"erlang", "node", native<node_0>, kGuard},
    {"erlang", "node", native<node_1>, kGuard},
    {"erlang", "function_exported", native<function_exported_3>},
    {"erlang", "module_loaded", native<module_loaded_1>},
    {"erlang", "loaded", native<loaded_0>},
    {"erlang", "get_module_info", native<get_module_info_1>},
    {"erlang", "get_module_info", native<get_module_info_2>},
};

}  // namespace

std::span<const NativeEntry> erlang_code_natives() { return kNatives; }

}  // namespace joist
