// Frames that call tracing puts on a process' stack, so that returns and exceptions are told of:
//
//   sp -> return word of return_trace | session | tracer or [] | kind | index of the function
//
// The function returns to the return_trace instruction, which finds the other four above it. All of
// them are immediates, so the collector needs to know nothing.
//
// A tail call of a native does not leave its function, as ERTS has it: where it stands is below the
// native's frames in one of its own, kPlace, whose last word looks like a return word. So whoever
// looks for addresses on the stack finds it; nothing returns there.
#pragma once

#include "vm/proc/process.h"
#include "vm/proc/stack_trace.h"

namespace joist {

enum class TraceFrameKind : uint8_t {
  kReturn,     // tell of returns
  kException,  // of exceptions, too
  kReturnTo,   // tell where control returns to
  kTiming,     // call_time or call_memory: back to the caller's account
  kPlace,      // nothing is told: see above
};
inline constexpr size_t kTraceFrameWords = 5;
inline constexpr size_t kTraceFrameSlots = 4;  // behind the return word

struct TraceFrame {
  uint64_t session;
  Term tracer;  // of a meta trace; []: the process' own
  TraceFrameKind kind;
  uint32_t function;  // see CallTracing
};

// Reads the slots at `words`, and writes them.
inline TraceFrame read_trace_frame(const Word* words) {
  const auto number = [words](size_t i) { return Term::from_bits(words[i]).small_value(); };
  return {static_cast<uint64_t>(number(0)), Term::from_bits(words[1]),
          static_cast<TraceFrameKind>(number(2)),
          is_return_word(words[3]) ? 0 : static_cast<uint32_t>(number(3))};
}
inline void write_trace_frame(Word* words, const TraceFrame& frame) {
  words[0] = Term::small(static_cast<int64_t>(frame.session)).bits();
  words[1] = frame.tracer.bits();
  words[2] = Term::small(static_cast<int64_t>(frame.kind)).bits();
  words[3] = Term::small(frame.function).bits();
}

inline void write_place_frame(Word* words, Word place) {
  write_trace_frame(words, {0, Term::nil(), TraceFrameKind::kPlace, 0});
  words[3] = place;
}

// Where the return address at `stack` leads, past such frames; null: nowhere.
const Cell* calling_code(const Process& process, const Word* stack);

}  // namespace joist
