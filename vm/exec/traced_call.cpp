#include "vm/exec/traced_call.h"

#include <utility>

#include "vm/exec/exception.h"
#include "vm/exec/run.h"

namespace joist {

void push_frames(State& s, const TracedCall& call) {
  for (size_t i = 0; i < call.count; ++i) {
    s.sp -= kTraceFrameWords;
    s.sp[0] = return_word(return_trace_code());
    write_trace_frame(s.sp + 1, call.frames[i]);
  }
}

void push_place(State& s, const Cell* place) {
  s.sp -= kTraceFrameWords;
  s.sp[0] = return_word(return_trace_code());
  write_place_frame(s.sp + 1, return_word(place + 1));
}

bool make_room_for_place_gc(Process& p) {
  const bool has_room = p.heap.limit - p.heap.top > static_cast<ptrdiff_t>(kTraceFrameWords);
  return has_room || p.suspended != nullptr || p.collect_gc(kTraceFrameWords, p.live);
}

namespace {

Flow make_room_gc(State& s, const TracedCall& call, size_t live) {
  // One more for the place of a native that is called.
  const size_t need = (call.count + 1) * kTraceFrameWords;
  const bool is_due = kAssertions && s.r->stress_due();
  if (s.has_room(need) && !s.process().heap.wants_collection() && !is_due) return Flow::kNext;
  return collect_gc(s, need, live);
}

}  // namespace

Flow trace_function_gc(State& s, Breakpoint& breakpoint, CallPlace place, TracedCall* call) {
  s.save();
  // What a match program makes may have gone to fragments.
  *call = trace_call(s.process(), breakpoint, place, s.sp);
  s.load();
  return make_room_gc(s, *call, breakpoint.mfa.arity);
}

namespace {

bool resumes(Process& p) {
  if (p.extras == nullptr || p.extras->trace == nullptr) return false;
  return std::exchange(p.extras->trace->resumes_native, false);
}

// How the native was called.
struct NativeCall {
  const Cell* next;   // where it returns to; null: a tail call
  size_t slots;       // of the frame that a tail call leaves
  bool is_in_caller;  // a tail call by an instruction of the function that makes it
};

// Frames lie between the native and its caller: what it returns goes through them.
void leave_through_frames(State& s, const TracedCall& call, const NativeCall& from) {
  if (from.next != nullptr) {
    *--s.sp = return_word(from.next);
  } else {
    s.sp += from.slots;
  }
  if (from.is_in_caller) push_place(s, s.pc);
  push_frames(s, call);
}

// The native runs; what it returns is left to whoever called it, or goes through the frames.
Flow run_untraced(State& s, const ExportEntry* entry, const Cell* next, size_t slots,
                  bool has_frames) {
  s.save();
  Process& p = s.process();
  Term result = entry->native(p, s.r->x);
  if (result.is_none()) {
    const Flow flow = settle_native(s, entry, next, slots);
    // It will be called again, which is not another call.
    if (p.outcome == NativeOutcome::kYield || p.outcome == NativeOutcome::kDirty ||
        p.outcome == NativeOutcome::kHibernate || p.outcome == NativeOutcome::kRest) {
      p.make_extras().make_trace().resumes_native = true;
    }
    return flow;
  }
  if (!tidy_heap_gc(p, 0, &result)) return Flow::kLeave;
  s.load();
  s.x0 = result;
  if (!has_frames) return Flow::kNext;
  s.pc = code_of_return_word(*s.sp++);
  return Flow::kJump;
}

}  // namespace

Flow run_traced_native(State& s, const ExportEntry* entry, const Cell* next, size_t slots) {
  Process& p = s.process();
  TracedCall call;
  s.load();
  const NativeCall from = {next, slots, next == nullptr && s.pc != entry->native_stub};
  if (!resumes(p)) {
    if (Breakpoint* breakpoint = p.runtime->tracing->patterns().find(entry->mfa)) {
      const bool has_place = next != nullptr || from.is_in_caller;
      if (has_place) *--s.sp = return_word(next != nullptr ? next : s.pc + 1);
      s.save();
      call = trace_call(p, *breakpoint, CallPlace::kNative, s.sp + (has_place ? 0 : slots));
      s.load();
      if (make_room_gc(s, call, entry->mfa.arity) == Flow::kLeave) return Flow::kLeave;
      if (has_place) ++s.sp;
    }
  }
  if (call.count == 0) return run_untraced(s, entry, next, slots, false);
  // What it returns goes through the frames; a stack trace shows it without them.
  leave_through_frames(s, call, from);
  s.pc = entry->native_stub;
  return run_untraced(s, entry, nullptr, 0, true);
}

}  // namespace joist
