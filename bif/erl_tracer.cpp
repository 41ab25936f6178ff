// Module erl_tracer: the tracer of whoever names a process or a port as one
// (https://www.erlang.org/doc/man/erl_tracer.html).
#include "bif/registry.h"
#include "vm/proc/process_table.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

// Whether a trace event is worth making: trace, discard, or remove (the tracer is gone).
Term enabled_3(Process& p, Term event, Term tracer, Term tracee) {
  const bool is_process = tracer.is_local_pid();
  const bool is_alive =
      is_process ? p.runtime->processes->find(tracer) != nullptr : tracer.is_local_port();
  if (!is_alive)
    return event == must_atom("trace_status") ? Term(atoms::remove) : must_atom("discard");
  return tracer == tracee ? must_atom("discard") : Term(atoms::trace);
}

constexpr NativeEntry kErlTracerNatives[] = {
    {"erl_tracer", "enabled", native<enabled_3>},
};

}  // namespace

std::span<const NativeEntry> erl_tracer_natives() { return kErlTracerNatives; }

}  // namespace joist
