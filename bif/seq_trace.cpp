// Sequential tracing: erlang:seq_trace/2 and its kin, which the module seq_trace calls.
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/term/compare.h"
#include "vm/trace/sequential.h"
#include "vm/trace/tracing.h"

namespace joist {

namespace {

Term seq_trace_2(Process& p, Term what, Term value) {
  if (!what.is_atom()) return p.badarg();
  const Term before = set_token_part(p, what, value);
  return before.is_none() ? p.badarg() : before;
}

Term seq_trace_info_1(Process& p, Term what) {
  const int64_t flag = what.is_atom() ? token_flag_of(what) : 0;
  const bool is_part = what == atoms::label || what == atoms::serial;
  const Term token = process_token(p);
  if (token.is_nil()) {
    if (flag != 0 || what == atoms::spawn) return make_tuple(p.heap, {what, atoms::false_});
    return is_part ? Term(Term::nil()) : p.badarg();
  }
  const std::span<const Term> parts = tuple_elements(token);
  if (flag != 0) return make_tuple(p.heap, {what, boolean((parts[0].small_value() & flag) != 0)});
  if (what == atoms::label) return make_tuple(p.heap, {what, parts[1]});
  if (what != atoms::serial) return p.badarg();
  return make_tuple(p.heap, {what, make_tuple(p.heap, {parts[4], parts[2]})});
}

Term print(Process& p, Term message) {
  advance_token(p);
  tell_sequential_tracer(p, process_token(p), atoms::print, token_flag::kPrint, Term::nil(),
                         message);
  return atoms::true_;
}

Term seq_trace_print_1(Process& p, Term message) {
  return process_token(p).is_nil() ? Term(atoms::false_) : print(p, message);
}

Term seq_trace_print_2(Process& p, Term label, Term message) {
  const Term token = process_token(p);
  if (token.is_nil() || !exact_equal(tuple_elements(token)[1], label)) return atoms::false_;
  return print(p, message);
}

constexpr NativeEntry kSeqTraceNatives[] = {
    {"erlang", "seq_trace", native<seq_trace_2>},
    {"erlang", "seq_trace_info", native<seq_trace_info_1>},
    {"erlang", "seq_trace_print", native<seq_trace_print_1>},
    {"erlang", "seq_trace_print", native<seq_trace_print_2>},
};

}  // namespace

std::span<const NativeEntry> seq_trace_natives() { return kSeqTraceNatives; }

}  // namespace joist
