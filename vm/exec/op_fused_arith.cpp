// Fused neighbours: addition and subtraction with what follows them.
#include "vm/exec/op_arith.h"
#include "vm/exec/op_frame.h"

namespace joist {
namespace {

// No registers are left for floats here: they are slow.
template <typename Operator>
[[gnu::always_inline]] inline Flow run_smalls(State& s, auto left, auto right, auto destination) {
  const Term a = left.get(s);
  const Term b = right.get(s);
  Term value = Term::none();
  if (!Term::both_small(a, b) || !Operator::Smalls::smalls(a, b, &value)) return Flow::kSlow;
  destination.set(s, value);
  return Flow::kNext;
}
// All of the operator, whatever the numbers are.
template <typename Operator>
[[gnu::always_inline]] inline Flow run_any(State& s, const Cell* next, auto... operands) {
  const Flow flow = Operator::run(s, next, operands...);
  return flow == Flow::kSlow ? Operator::slow(s, next, operands...) : flow;
}

template <typename Operator>
struct OperatorRet : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto, auto left, auto right, auto destination,
                        auto) {
    const Flow flow = run_smalls<Operator>(s, left, right, destination);
    return flow == Flow::kNext ? op_ret::run(s, next) : flow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto... operands) {
    const Flow flow = run_any<Operator>(s, next, operands...);
    return flow == Flow::kNext ? op_ret::run(s, next) : flow;
  }
};
struct op_add_ret : OperatorRet<op_add> {};
struct op_subtract_ret : OperatorRet<op_subtract> {};

// Two reasons to be slow: what comes first must not be done twice, so both are looked at before.
struct op_add_deallocate_ret : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination, auto,
                        auto slots) {
    if (s.reductions <= 1) return Flow::kSlow;
    const Flow flow = run_smalls<op_add>(s, left, right, destination);
    if (flow != Flow::kNext) return flow;
    --s.reductions;
    leave_frame(s, slots.field);
    return Flow::kJump;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto fail, auto left, auto right,
                         auto destination, auto live, auto slots) {
    const Flow flow = run_any<op_add>(s, next, fail, left, right, destination, live);
    return flow == Flow::kNext ? leave_frame_or_yield(s, slots.field) : flow;
  }
};

// As above.
template <typename Operator>
struct OperatorCallOnly : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto, auto left, auto right, auto destination,
                        auto, auto label) {
    if (s.reductions <= 1) return Flow::kSlow;
    const Flow flow = run_smalls<Operator>(s, left, right, destination);
    return flow == Flow::kNext ? op_call_only::run(s, next, label) : flow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto fail, auto left, auto right,
                         auto destination, auto live, auto label) {
    const Flow flow = run_any<Operator>(s, next, fail, left, right, destination, live);
    if (flow != Flow::kNext) return flow;
    return op_call_only::run(s, next, label) == Flow::kJump ? Flow::kJump : yield_at_function(s);
  }
};
struct op_add_call_only : OperatorCallOnly<op_add> {};
struct op_subtract_call_only : OperatorCallOnly<op_subtract> {};

struct op_subtract_allocate : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination, auto,
                        auto slots, auto frame_live) {
    if (!op_allocate::ready(s, slots, frame_live)) return Flow::kSlow;
    const Flow flow = run_smalls<op_subtract>(s, left, right, destination);
    if (flow == Flow::kNext) s.sp -= slots.field;
    return flow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto fail, auto left, auto right,
                         auto destination, auto live, auto slots, auto frame_live) {
    // Only what has done nothing yet can begin again.
    if (!op_allocate::ready(s, slots, frame_live) &&
        collect_first_gc(s, slots.field, live.field) != Flow::kNext) {
      return Flow::kLeave;
    }
    const Flow flow = run_any<op_subtract>(s, next, fail, left, right, destination, live);
    if (flow != Flow::kNext) return flow;
    if (!s.has_room(slots.field)) {
      const Flow collected = collect_gc(s, slots.field, frame_live.field);
      if (collected != Flow::kNext) return collected;
    }
    s.sp -= slots.field;
    return Flow::kNext;
  }
};

}  // namespace

void fill_fused_arith(HandlerTable& table) {
#define JOIST_OP_GROUP_fused_arith JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
