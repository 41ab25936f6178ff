// Module erl_tracer: the tracer of whoever names a process or a port as one
// (https://www.erlang.org/doc/man/erl_tracer.html).
#include "bif/registry.h"
#include "vm/term/map.h"
#include "vm/trace/emit.h"
#include "vm/trace/tracing.h"

namespace joist {

namespace {

// Whether a trace event is worth making: trace, discard, or remove (the tracer is gone).
Term enabled_3(Process& p, Term event, Term tracer, Term tracee) {
  if (!is_tracer_alive(*p.runtime, tracer)) {
    return event == atoms::trace_status ? Term(atoms::remove) : Term(atoms::discard);
  }
  return tracer == tracee ? Term(atoms::discard) : Term(atoms::trace);
}

// The flag for the time that the options ask for.
uint32_t timestamp_flag(Term kind) {
  if (kind == atoms::timestamp) return trace_flag::kTimestamp;
  if (kind == atoms::monotonic) return trace_flag::kMonotonicTimestamp;
  if (kind == atoms::strict_monotonic) return trace_flag::kStrictMonotonicTimestamp;
  return 0;
}

// Sends the message of an event; Options is a map of what else belongs into it.
Term trace_5(Process& p, Term event, Term tracer, Term tracee, Term message, Term options) {
  if (!is_tracer_alive(*p.runtime, tracer)) return atoms::ok;
  const auto option = [&](Term name) {
    const Term* value = is_map(options) ? map_find(options, name) : nullptr;
    return value == nullptr ? Term::none() : *value;
  };
  std::vector<Term> elements = {atoms::trace, tracee, event, message};
  const Term extra = option(atoms::extra);
  if (!extra.is_none()) {
    elements.push_back(extra);
  } else if (event == atoms::seq_trace) {
    elements = {atoms::seq_trace, tracee, message};
  }
  for (const Term name : {Term(atoms::match_spec_result), Term(atoms::scheduler_id)}) {
    if (const Term value = option(name); !value.is_none()) elements.push_back(value);
  }
  const uint32_t flags = timestamp_flag(option(atoms::timestamp));
  if (flags != 0 && elements[0] == atoms::trace) elements[0] = atoms::trace_ts;
  emit_message(Tracing::source_of(p), tracer, flags, elements);
  return atoms::ok;
}

constexpr NativeEntry kErlTracerNatives[] = {
    {"erl_tracer", "enabled", native<enabled_3>},
    {"erl_tracer", "trace", native<trace_5>},
};

}  // namespace

std::span<const NativeEntry> erl_tracer_natives() { return kErlTracerNatives; }

}  // namespace joist
