// Raising exceptions: erlang:error/1,2,3, exit/1, throw/1, raise/3, nif_error/1,2.
#include <algorithm>

#include "vm/heap/builder.h"
#include "vm/proc/native.h"
#include "vm/sched/system_flags.h"

namespace joist {
namespace {

Term error_1(Process& p, Term reason) { return p.error(reason); }

Term error_2(Process& p, Term reason, Term arguments) {
  p.error(reason);
  p.exception_arguments = arguments;
  return Term::none();
}

// Options: {error_info, Map} only; with any other it is error/2.
Term error_3(Process& p, Term reason, Term arguments, Term options) {
  Term info = Term::none();
  for (; options.is_list(); options = options.tail()) {
    const Term option = options.head();
    if (!is_tuple(option) || tuple_size(option) != 2) break;
    const std::span<Term> pair = tuple_elements(option);
    if (!(pair[0] == atoms::error_info) || !is_map(pair[1])) break;
    info = pair[1];
  }
  error_2(p, reason, arguments);
  if (options.is_nil()) p.exception_info = info;
  return Term::none();
}

Term exit_1(Process& p, Term reason) { return p.raise(ExceptionClass::kExit, reason); }
Term throw_1(Process& p, Term value) { return p.raise(ExceptionClass::kThrow, value); }

// --- raise/3 ---

// An entry of a trace as build_stacktrace makes it, {M, F, A, Location}, or of the older forms
// {M, F, A}, {Fun, Args} and {Fun, Args, Location}, to which an empty location is added.
// none(): not an entry.
Term trace_entry(Process& p, Term entry) {
  if (!is_tuple(entry)) return Term::none();
  const std::span<Term> parts = tuple_elements(entry);
  const auto is_proper = [](Term location) { return location.is_list() || location.is_nil(); };
  if (parts.size() == 2 && is_fun(parts[0])) {
    return make_tuple(p.heap, {parts[0], parts[1], Term::nil()});
  }
  if (parts.size() == 3 && is_fun(parts[0])) return is_proper(parts[2]) ? entry : Term::none();
  const bool named = parts.size() >= 3 && parts[0].is_atom() && parts[1].is_atom();
  if (named && parts.size() == 3) {
    return make_tuple(p.heap, {parts[0], parts[1], parts[2], Term::nil()});
  }
  return named && parts.size() == 4 && is_proper(parts[3]) ? entry : Term::none();
}

// Returns the atom badarg, it does not raise it, when an argument is wrong.
Term raise_3(Process& p, Term exception, Term reason, Term trace) {
  ExceptionClass raised = ExceptionClass::kError;
  if (exception == atoms::exit) {
    raised = ExceptionClass::kExit;
  } else if (exception == atoms::throw_) {
    raised = ExceptionClass::kThrow;
  } else if (!(exception == atoms::error)) {
    return atoms::badarg;
  }
  ListBuilder entries(p.heap);
  const size_t limit = std::max<size_t>(backtrace_depth(p), 1);  // as of any trace
  size_t depth = 0;
  for (; trace.is_list(); trace = trace.tail()) {
    const Term entry = trace_entry(p, trace.head());
    if (entry.is_none()) return atoms::badarg;
    if (depth++ < limit) entries.add(entry);
  }
  if (!trace.is_nil()) return atoms::badarg;
  p.charge(static_cast<int64_t>(depth));
  p.raise(raised, reason);
  p.trace_kind = StackTraceKind::kGiven;
  p.exception_trace = entries.finish();
  return Term::none();
}

Term nif_error_1(Process& p, Term reason) { return p.error(reason); }
Term nif_error_2(Process& p, Term reason, Term arguments) { return error_2(p, reason, arguments); }

const NativeEntry kNatives[] = {
    {"erlang", "error", native<error_1>},         {"erlang", "error", native<error_2>},
    {"erlang", "error", native<error_3>},         {"erlang", "exit", native<exit_1>},
    {"erlang", "throw", native<throw_1>},         {"erlang", "raise", native<raise_3>},
    {"erlang", "nif_error", native<nif_error_1>}, {"erlang", "nif_error", native<nif_error_2>},
};

}  // namespace

std::span<const NativeEntry> erlang_error_natives() { return kNatives; }

}  // namespace joist
