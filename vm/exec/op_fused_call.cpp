// Fused neighbours: frames, calls and returns.
#include "vm/exec/op_data.h"
#include "vm/exec/op_frame.h"
#include "vm/exec/op_guard.h"

namespace joist {
namespace {

struct op_is_lt_ret : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto label, auto left, auto right) {
    const Flow flow = op_is_lt::run(s, next, label, left, right);
    return flow == Flow::kNext ? op_ret::run(s, next) : flow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto label, auto left, auto right) {
    const Flow flow = op_is_lt::slow(s, next, label, left, right);
    return flow == Flow::kNext ? op_ret::run(s, next) : flow;
  }
};

struct op_is_eq_move_ret : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto, auto operand, auto constant,
                        auto source) {
    if (!(operand.get(s) == constant.get(s))) return Flow::kFail;
    return op_move_ret::run(s, next, source);
  }
};

struct op_allocate_move : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto slots, auto live, auto source,
                        auto destination) {
    const Flow flow = op_allocate::run(s, next, slots, live);
    if (flow == Flow::kNext) destination.set(s, source.get(s));
    return flow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto slots, auto live, auto source,
                         auto destination) {
    const Flow flow = op_allocate::slow(s, next, slots, live);
    if (flow == Flow::kNext) destination.set(s, source.get(s));
    return flow;
  }
};

struct op_allocate_move_2 : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto slots, auto live, auto... moves) {
    const Flow flow = op_allocate::run(s, next, slots, live);
    if (flow == Flow::kNext) op_move_2::run(s, next, moves...);
    return flow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto slots, auto live, auto... moves) {
    const Flow flow = op_allocate::slow(s, next, slots, live);
    if (flow == Flow::kNext) op_move_2::run(s, next, moves...);
    return flow;
  }
};

// Two reasons to be slow: what comes first must not be done twice, so both are looked at before.
struct op_allocate_move_call : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto slots, auto live, auto... call) {
    if (s.reductions <= 1) return Flow::kSlow;
    const Flow flow = op_allocate::run(s, next, slots, live);
    return flow == Flow::kNext ? op_move_call::run(s, next, call...) : flow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto slots, auto live, auto... call) {
    Flow flow = op_allocate::run(s, next, slots, live);
    if (flow == Flow::kSlow) flow = op_allocate::slow(s, next, slots, live);
    if (flow != Flow::kNext) return flow;
    return op_move_call::run(s, next, call...) == Flow::kJump ? Flow::kJump : yield_at_function(s);
  }
};

// The rest go on at the function's entry, as the calls that they end with.
struct op_get_list_call : Calling {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source, auto head, auto tail, auto label) {
    op_get_list::run(s, next, source, head, tail);
    return op_call::run(s, next, label);
  }
};

struct op_trim_call : Calling {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto slots, auto label) {
    s.sp += slots.field;
    return op_call::run(s, next, label);
  }
};

struct op_move_2_call : Calling {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source1, auto destination1, auto source2,
                        auto destination2, auto label) {
    op_move_2::run(s, next, source1, destination1, source2, destination2);
    return op_call::run(s, next, label);
  }
};

struct op_move_2_call_last : Calling {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source1, auto destination1, auto source2,
                        auto destination2, auto label, auto slots) {
    op_move_2::run(s, next, source1, destination1, source2, destination2);
    return op_call_last::run(s, next, label, slots);
  }
};

}  // namespace

void fill_fused_call(HandlerTable& table) {
#define JOIST_OP_GROUP_fused_call JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
