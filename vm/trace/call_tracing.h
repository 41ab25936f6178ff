// What happens at a call that has a breakpoint in its way, when such a call returns, and when an
// exception ends it. Called by the interpreter between save() and load().
#pragma once

#include "vm/trace/stack_frames.h"
#include "vm/trace/tracing.h"

namespace joist {

enum class CallPlace : uint8_t {
  kExport,    // through the export entry: global patterns
  kFunction,  // at the function's first instruction: local, meta, counting
  kNative,    // a native: all of them
};

// The frames that a traced call leaves on the stack, the last one on top.
struct TracedCall {
  static constexpr size_t kMaxFrames = 16;
  TraceFrame frames[kMaxFrames];
  size_t count = 0;
  bool debugged = false;  // goes to error_handler:breakpoint/3 instead
};

// Tells of the call. The arguments are in the X registers, the return address at `stack`. Never
// collects.
TracedCall trace_call(Process& process, Breakpoint& breakpoint, CallPlace place, const Word* stack);

// The function of the frame has returned `value`; `stack`: what lies behind the frame.
void trace_return(Process& process, const TraceFrame& frame, Term value, const Word* stack);
// An exception, which is in the process, unwinds the stack down to `end`, at `handler` (null: there
// is none).
void trace_unwinding(Process& process, Term exception_class, Term reason, const Word* end,
                     const Cell* handler);
// The process begins or ends a turn: the clock of call_time stops meanwhile.
void pause_call_times(Process& process, bool in);

}  // namespace joist
