// Match specifications without tables: erlang:match_spec_test/3 and ets:match_spec_*.
#include "bif/match_spec.h"

#include <vector>

#include "bif/erlang_arith.h"
#include "bif/large_argument.h"
#include "bif/registry.h"
#include "vm/match/run.h"
#include "vm/trace/event_filter.h"

namespace joist {

namespace {

struct Function {
  const char* name;
  uint32_t arity;
};

constexpr Function kFunctions[] = {
    {"is_atom", 1},   {"is_float", 1},  {"is_integer", 1},  {"is_list", 1},
    {"is_number", 1}, {"is_pid", 1},    {"is_port", 1},     {"is_reference", 1},
    {"is_tuple", 1},  {"is_map", 1},    {"is_binary", 1},   {"is_function", 1},
    {"is_record", 3}, {"abs", 1},       {"element", 2},     {"hd", 1},
    {"length", 1},    {"node", 1},      {"node", 0},        {"round", 1},
    {"size", 1},      {"map_size", 1},  {"map_get", 2},     {"is_map_key", 2},
    {"bit_size", 1},  {"byte_size", 1}, {"binary_part", 2}, {"binary_part", 3},
    {"tl", 1},        {"trunc", 1},     {"float", 1},       {"+", 1},
    {"-", 1},         {"+", 2},         {"-", 2},           {"*", 2},
    {"/", 2},         {"div", 2},       {"rem", 2},         {"band", 2},
    {"bor", 2},       {"bxor", 2},      {"bnot", 1},        {"bsl", 2},
    {"bsr", 2},       {">", 2},         {">=", 2},          {"<", 2},
    {"=<", 2},        {"=:=", 2},       {"==", 2},          {"=/=", 2},
    {"/=", 2},        {"not", 1},       {"xor", 2},
};
// Since OTP 26 and since OTP 29.
constexpr Function kFunctions26[] = {
    {"min", 2},         {"max", 2},  {"is_bitstring", 1}, {"is_boolean", 1},
    {"is_function", 2}, {"ceil", 1}, {"floor", 1},        {"tuple_size", 1},
};
constexpr Function kFunctions29[] = {{"is_integer", 3}};

void append(std::vector<MatchFunction>& table, std::span<const Function> functions) {
  for (const Function& function : functions) {
    const NativeEntry* entry = find_whole_product(function.name);
    const bool is_product = entry != nullptr;
    if (!is_product) entry = find_native("erlang", function.name, function.arity);
    if (entry == nullptr) continue;
    const NativeFunction native = entry->native.function;
    table.push_back({must_atom(function.name), function.arity, native, is_product});
  }
}

std::vector<MatchFunction> make_functions(int otp_release) {
  std::vector<MatchFunction> table;
  append(table, kFunctions);
  if (otp_release >= 26) append(table, kFunctions26);
  if (otp_release >= 29) append(table, kFunctions29);
  return table;
}

// A list of {error | warning, Text}.
Term error_list(Process& p, const std::vector<MatchError>& errors) {
  ListBuilder list(p.heap);
  for (const MatchError& error : errors) {
    list.add(make_tuple(
        p.heap, {error.warning ? atoms::warning : atoms::error, make_string(p.heap, error.text)}));
  }
  return list.finish();
}

// {ok, Result, [Flag], Errors}; flags: return_trace, exception_trace.
Term test_result(Process& p, Term result, Term flags, Term errors) {
  return make_tuple(p.heap,
                    {atoms::ok, result.is_none() ? Term(atoms::false_) : result, flags, errors});
}

// On a list of arguments, as of a call that changes nothing and has no caller.
Term test_trace_program(Process& p, Term subject, const MatchProgram& program, Term errors) {
  std::vector<Term> arguments;
  for (; subject.is_list(); subject = subject.tail()) arguments.push_back(subject.head());
  TraceActions actions(*p.runtime->tracing, p, 0);
  actions.only_pretend();
  MatchRun run(p, program, &actions);
  const Term result = run.arguments(arguments);
  Term flags = Term::nil();
  if (!result.is_none()) {
    if (actions.wants_exceptions()) flags = make_cons(p.heap, atoms::exception_trace, flags);
    if (actions.wants_plain_return()) flags = make_cons(p.heap, atoms::return_trace, flags);
  }
  return test_result(p, result, flags, errors);
}

Term match_spec_test_3(Process& p, Term subject, Term spec, Term dialect) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  const bool traces = dialect == atoms::trace;
  if (!traces && !(dialect == atoms::table)) return p.badarg();
  if (!traces && (is_for_dirty(p, subject) || is_for_dirty(p, spec))) {
    return hand_to_dirty(p, {subject, spec, dialect});
  }
  if (traces && !subject.is_list() && !subject.is_nil()) return p.badarg();
  // Only tuples and lists can be in tables.
  const MatchCompilation compiled =
      compile_match_spec(spec, traces ? MatchDialect::kTrace : MatchDialect::kTable,
                         match_functions(p.runtime->otp_release));
  const Term errors = error_list(p, compiled.errors);
  if (!compiled.ok) return make_tuple(p.heap, {atoms::error, errors});
  if (traces) return test_trace_program(p, subject, compiled.program, errors);
  MatchRun run(p, compiled.program);
  if (on_scheduler(p)) run.leave_when_long();
  const Term result = run({subject});
  if (run.left()) return hand_to_dirty(p, {subject, spec, dialect});
  return test_result(p, result, Term::nil(), errors);
}

Term match_spec_compile_1(Process& p, Term spec) { return make_compiled_match(p, spec); }

Term is_compiled_ms_1(Process&, Term term) { return boolean(CompiledMatch::get(term) != nullptr); }

Term match_spec_run_r_3(Process& p, Term list, Term compiled, Term results) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  MatchProgram* program = CompiledMatch::get(compiled);
  if ((!list.is_list() && !list.is_nil()) || program == nullptr) return p.badarg();
  MatchRun run(p, *program);
  if (on_scheduler(p)) run.leave_when_long();
  for (; list.is_list(); list = list.tail()) {
    if (p.out_of_budget()) return p.yield({list, compiled, results});
    if (is_for_dirty(p, list.head())) return hand_to_dirty(p, {list, compiled, results});
    p.charge(1);
    const Term result = run({list.head()});
    if (run.left()) return hand_to_dirty(p, {list, compiled, results});
    if (!result.is_none()) results = make_cons(p.heap, result, results);
  }
  return list.is_nil() ? results : p.badarg();
}

constexpr NativeEntry kMatchSpecNatives[] = {
    {"erlang", "match_spec_test", native<match_spec_test_3>},
    {"ets", "is_compiled_ms", native<is_compiled_ms_1>},
    {"ets", "match_spec_compile", native<match_spec_compile_1>},
    {"ets", "match_spec_run_r", native<match_spec_run_r_3>},
};

}  // namespace

MatchFunctions match_functions(int otp_release) {
  static const std::vector<MatchFunction> functions25 = make_functions(25);
  static const std::vector<MatchFunction> functions26 = make_functions(26);
  static const std::vector<MatchFunction> functions29 = make_functions(29);
  if (otp_release >= 29) return functions29;
  return otp_release >= 26 ? functions26 : functions25;
}

Term make_compiled_match(Process& p, Term spec) {
  MatchCompilation compiled =
      compile_match_spec(spec, MatchDialect::kTable, match_functions(p.runtime->otp_release));
  if (!compiled.ok) return compiled.system_limit ? p.system_limit() : p.badarg();
  return CompiledMatch::make(p, 0, std::move(compiled.program));
}

std::span<const NativeEntry> match_spec_natives() { return kMatchSpecNatives; }

}  // namespace joist
