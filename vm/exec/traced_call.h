// Calls that are traced, between the interpreter and vm/trace.
#pragma once

#include "vm/exec/support.h"
#include "vm/trace/call_tracing.h"

namespace joist {

// Tells of the call of a function whose arguments are in the X registers, and makes room on the
// stack for its frames. kNext, or kLeave when the process must die.
Flow trace_function_gc(State& s, Breakpoint& breakpoint, CallPlace place, TracedCall* call);
// Puts them there.
void push_frames(State& s, const TracedCall& call);

// The place of a tail call of a native that goes on later, or is traced (vm/trace/stack_frames.h).
void push_place(State& s, const Cell* place);
// Room for it, if that can be had. False: the process must die.
bool make_room_for_place_gc(Process& p);

// A native whose entry has said kTraced: tells of the call and does it. As settle_native, and
// kNext: its value is in x0.
Flow run_traced_native(State& s, const ExportEntry* entry, const Cell* next, size_t slots);

}  // namespace joist
