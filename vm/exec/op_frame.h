// Frames, calls within the module and returns.
//
// A call pushes its return address; a frame lies on top of it. Calls charge a reduction; the
// one that uses up the slice ends it at the entry of the function called, where only the
// arguments are live. So do returns that drop a frame, or a deep recursion would come back out of
// millions of calls in one slice; that ends it in the caller, where only the value is live.
#pragma once

#include "vm/exec/dispatch.h"
#include "vm/exec/support.h"

namespace joist {

[[gnu::always_inline]] inline bool wants_gc_stress(const State& s) {
  return kAssertions && s.r->stress_due();
}

struct op_allocate : SlowOp {
  // Whether `run` will do, for those that end with it.
  JOIST_INLINE bool ready(State& s, auto slots, auto) {
    return s.has_room(slots.field) && !wants_gc_stress(s);
  }
  JOIST_INLINE Flow run(State& s, const Cell*, auto slots, auto live) {
    if (!ready(s, slots, live)) return Flow::kSlow;
    s.sp -= slots.field;
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto slots, auto live) {
    const Flow flow = collect_first_gc(s, slots.field, live.field);
    s.sp -= slots.field;
    return flow;
  }
};

struct op_allocate_heap : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto slots, auto words, auto) {
    if (!s.has_room(size_t{slots.field} + words.field) || wants_gc_stress(s)) return Flow::kSlow;
    s.sp -= slots.field;
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto slots, auto words, auto live) {
    const Flow flow = collect_first_gc(s, size_t{slots.field} + words.field, live.field);
    s.sp -= slots.field;
    return flow;
  }
};

struct op_test_heap : SlowOp {
  JOIST_INLINE bool ready(State& s, auto words, auto) {
    return s.has_room(words.field) && !wants_gc_stress(s);
  }
  JOIST_INLINE Flow run(State& s, const Cell*, auto words, auto live) {
    return ready(s, words, live) ? Flow::kNext : Flow::kSlow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto words, auto live) {
    return collect_first_gc(s, words.field, live.field);
  }
};

struct op_deallocate : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto slots) { s.sp += slots.field; }
};
struct op_trim : op_deallocate {};

struct op_ret : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*) {
    s.pc = code_of_return_word(*s.sp++);
    return Flow::kJump;
  }
};

// Ends the slice in the caller that has been returned to, if that is code of a module.
Flow yield_at_return(State& s);

[[gnu::always_inline]] inline void leave_frame(State& s, size_t slots) {
  s.pc = code_of_return_word(s.sp[slots]);
  s.sp += slots + 1;
}

[[gnu::always_inline]] inline Flow leave_frame_or_yield(State& s, size_t slots) {
  leave_frame(s, slots);
  return --s.reductions > 0 ? Flow::kJump : yield_at_return(s);
}

// `run` has returned when it is for `slow` to yield there.
struct op_deallocate_ret : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto slots) {
    leave_frame(s, slots.field);
    return --s.reductions > 0 ? Flow::kJump : Flow::kSlow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto...) { return yield_at_return(s); }
};

// --- calls within the module ---

[[gnu::always_inline]] inline Flow go_to_function(State& s, const Cell* target) {
  s.pc = target;
  return --s.reductions > 0 ? Flow::kJump : Flow::kSlow;
}
// `run` has moved pc to the entry of the function when it is for `slow` to yield there.
struct Calling : SlowOp {
  JOIST_INLINE Flow slow(State& s, const Cell*, auto...) { return yield_at_function(s); }
};

struct op_call : Calling {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto label) {
    *--s.sp = return_word(next);
    return go_to_function(s, jump_target(s.pc, label.field));
  }
};

struct op_call_last : Calling {
  JOIST_INLINE Flow run(State& s, const Cell*, auto label, auto slots) {
    s.sp += slots.field;
    return go_to_function(s, jump_target(s.pc, label.field));
  }
};

struct op_call_only : Calling {
  JOIST_INLINE Flow run(State& s, const Cell*, auto label) {
    return go_to_function(s, jump_target(s.pc, label.field));
  }
};

struct op_move_call : Calling {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source, auto destination, auto label) {
    destination.set(s, source.get(s));
    return op_call::run(s, next, label);
  }
};

struct op_move_call_last : Calling {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source, auto destination, auto label,
                        auto slots) {
    destination.set(s, source.get(s));
    return op_call_last::run(s, next, label, slots);
  }
};

struct op_move_call_only : Calling {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source, auto destination, auto label) {
    destination.set(s, source.get(s));
    return op_call_only::run(s, next, label);
  }
};

struct op_move_ret : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source) {
    s.x0 = source.get(s);
    return op_ret::run(s, next);
  }
};

struct op_move_deallocate_ret : op_deallocate_ret {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source, auto slots) {
    s.x0 = source.get(s);
    return op_deallocate_ret::run(s, next, slots);
  }
};

}  // namespace joist
