// Trace messages: {trace | trace_ts, Tracee, Tag, First, Second?, MatchResult?, Scheduler?, Time?},
// as OTP's module erl_tracer makes them.
#pragma once

#include "vm/heap/allocator.h"
#include "vm/proc/runtime.h"
#include "vm/term/atoms_trace.h"

namespace joist {

struct TraceEvent {
  Term tag;
  Term first;
  Term second = Term::none();
  Term match_result = atoms::true_;  // which is not shown
};

// Who tells of it, and how.
struct TraceSource {
  Runtime& runtime;
  uint32_t scheduler;  // whose thread calls, or UINT32_MAX
  Term tracee;
};

// Sends the event to the tracer in the form that `flags` ask for. Nobody is told of what it does
// itself. False: the tracer is gone.
bool emit(const TraceSource& source, Term tracer, uint32_t flags, const TraceEvent& event);
// The same with a message of another form, which lacks its time: the last element.
bool emit_message(const TraceSource& source, Term tracer, uint32_t flags,
                  std::span<const Term> elements);

// Whether there is such a process or port.
bool is_tracer_alive(const Runtime& runtime, Term tracer);

// The time as the flags want it; none(): they want none.
Term trace_timestamp(Allocator& heap, Runtime& runtime, uint32_t flags);

}  // namespace joist
