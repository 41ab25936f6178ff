// Functions of module erlang about funs.
#include "bif/fun_count.h"
#include "bif/library_modules.h"
#include "bif/registry.h"
#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/sched/exclusive.h"
#include "vm/term/print.h"

namespace joist {
namespace {

// `creator` is what fun_info(F, pid) shows: from OTP 26 on always init's pid.
Term shown_creator(Process& p, Term fun) {
  return p.runtime->otp_release >= 26 ? make_local_pid(0, 0) : local_fun_creator(fun);
}

// none(): no such item.
Term local_fun_item(Process& p, Term fun, Term item) {
  const FunIdentity& identity = *local_fun_identity(fun);
  if (item == atoms::type) return atoms::local;
  if (item == atoms::pid) return shown_creator(p, fun);
  if (item == atoms::module) return identity.module;
  // As documented: the name is not known while no code is loaded for the fun.
  if (item == atoms::name) {
    return fun_entry_of(&identity)->is_unloaded() ? Term(Term::nil()) : identity.function;
  }
  if (item == atoms::arity) return Term::small(identity.arity);
  if (item == atoms::new_index || item == atoms::index) return Term::small(identity.index);
  if (item == atoms::new_uniq) {
    return make_binary(p.heap, ByteSpan(identity.unique, sizeof(identity.unique)));
  }
  if (item == atoms::uniq) return Term::small(static_cast<int32_t>(identity.old_unique));
  if (item == atoms::env) return make_list(p.heap, local_fun_environment(fun));
  return Term::none();
}

Term export_fun_item(Term fun, Term item) {
  const Mfa& mfa = export_fun_identity(fun)->mfa;
  if (item == atoms::type) return atoms::external;
  if (item == atoms::module) return mfa.module;
  if (item == atoms::name) return mfa.function;
  if (item == atoms::arity) return Term::small(mfa.arity);
  if (item == atoms::env) return Term::nil();
  for (Term local :
       {atoms::pid, atoms::new_index, atoms::index, atoms::new_uniq, atoms::uniq, atoms::refc}) {
    if (item == local) return atoms::undefined;
  }
  return Term::none();
}

// The others stand still meanwhile.
Term reference_count(Process& p, Term fun) {
  const Exclusive alone(p);
  if (!alone) return p.yield({fun, atoms::refc});
  const size_t count = count_references(p, *fun_entry_of(local_fun_identity(fun)));
  return make_tuple(p.heap, {atoms::refc, Term::small(static_cast<int64_t>(count))});
}

Term fun_info_2(Process& p, Term fun, Term item) {
  if (!is_fun(fun)) return p.badarg();
  bool is_local = is_kind(fun, Boxed::kLocalFun);
  if (is_local && item == atoms::refc) return reference_count(p, fun);
  Term value = is_local ? local_fun_item(p, fun, item) : export_fun_item(fun, item);
  return value.is_none() ? p.badarg() : make_tuple(p.heap, {item, value});
}

Term fun_info_mfa_1(Process& p, Term fun) {
  if (!is_fun(fun)) return p.badarg();
  if (is_kind(fun, Boxed::kExportFun)) {
    const Mfa& mfa = export_fun_identity(fun)->mfa;
    return make_tuple(p.heap, {mfa.module, mfa.function, Term::small(mfa.arity)});
  }
  const FunIdentity& identity = *local_fun_identity(fun);
  return make_tuple(p.heap, {identity.module, identity.function, Term::small(identity.arity)});
}

Term fun_to_list_1(Process& p, Term fun) {
  if (!is_fun(fun)) return p.badarg();
  return make_string(p.heap, term_text(fun));  // names as their UTF-8 bytes
}

constexpr int64_t kMaxArity = 255;

Term make_fun_3(Process& p, Term module, Term function, Term arity) {
  if (!module.is_atom() || !function.is_atom() || !arity.is_small()) return p.badarg();
  int64_t count = arity.small_value();
  if (count < 0 || count > kMaxArity) return p.badarg();
  const Mfa mfa{module, function, static_cast<uint32_t>(count)};
  return make_export_fun(p.heap, p.runtime->code->export_entry(mfa));
}

Term is_builtin_3(Process& p, Term module, Term function, Term arity) {
  if (!module.is_atom() || !function.is_atom() || !arity.is_small()) return p.badarg();
  int64_t count = arity.small_value();
  if (count < 0 || count > kMaxArity) return atoms::false_;
  // Instructions, not natives.
  if (module == atoms::erlang && function == atoms::apply_ && (count == 2 || count == 3)) {
    return atoms::true_;
  }
  const std::string_view name = atom_text(module);
  const std::string_view function_name = atom_text(function);
  const NativeEntry* native = find_native(name, function_name, static_cast<size_t>(count));
  const int release = p.runtime->otp_release;
  return boolean(native != nullptr && !is_library_module(name) &&
                 !is_erlang_code(name, function_name, release) && !is_shadowed(*native, release));
}

constexpr NativeEntry kErlangFunNatives[] = {
    {"erlang", "fun_info", native<fun_info_2>},
    {"erlang", "fun_info_mfa", native<fun_info_mfa_1>},
    {"erlang", "fun_to_list", native<fun_to_list_1>},
    {"erlang", "is_builtin", native<is_builtin_3>},
    {"erlang", "make_fun", native<make_fun_3>},
};

}  // namespace

std::span<const NativeEntry> erlang_fun_natives() { return kErlangFunNatives; }

}  // namespace joist
