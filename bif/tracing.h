// What the natives of tracing share: the old ones, which work on the first session, and those that
// name a session.
#pragma once

#include "vm/trace/tracing.h"

namespace joist {

// All are called with an Exclusive.
// Flags of processes and ports: erlang:trace/3.
Term change_tracees(Process& p, TraceSession& session, Term what, Term how, Term list);
// erlang:trace_pattern/3.
Term change_patterns(Process& p, TraceSession& session, Term what, Term pattern, Term options);
// erlang:trace_info/2.
Term tell_traced(Process& p, TraceSession& session, Term what, Term key);

}  // namespace joist
