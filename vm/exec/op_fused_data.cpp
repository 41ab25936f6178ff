// Fused neighbours: what makes and takes apart lists and tuples.
#include "vm/exec/op_data.h"
#include "vm/exec/op_frame.h"
#include "vm/exec/op_guard.h"

namespace joist {
namespace {

struct op_test_heap_put_list : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto words, auto live, auto head, auto tail,
                        auto destination) {
    if (!op_test_heap::ready(s, words, live)) return Flow::kSlow;
    op_put_list::run(s, next, head, tail, destination);
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto words, auto live, auto head, auto tail,
                         auto destination) {
    const Flow flow = op_test_heap::slow(s, next, words, live);
    if (flow == Flow::kNext) op_put_list::run(s, next, head, tail, destination);
    return flow;
  }
};

// Two reasons to be slow: what comes first must not be done twice, so both are looked at before.
struct op_put_list_deallocate_ret : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto words, auto live, auto head, auto tail,
                        auto destination, auto slots) {
    if (s.reductions <= 1 || !op_test_heap::ready(s, words, live)) return Flow::kSlow;
    op_put_list::run(s, next, head, tail, destination);
    --s.reductions;
    leave_frame(s, slots.field);
    return Flow::kJump;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto words, auto live, auto head, auto tail,
                         auto destination, auto slots) {
    Flow flow = op_test_heap_put_list::run(s, next, words, live, head, tail, destination);
    if (flow == Flow::kSlow) {
      flow = op_test_heap_put_list::slow(s, next, words, live, head, tail, destination);
    }
    return flow == Flow::kNext ? leave_frame_or_yield(s, slots.field) : flow;
  }
};

struct op_put_list_ret : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto words, auto live, auto head, auto tail,
                        auto destination) {
    if (!op_test_heap::ready(s, words, live)) return Flow::kSlow;
    op_put_list::run(s, next, head, tail, destination);
    return op_ret::run(s, next);
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto words, auto live, auto head, auto tail,
                         auto destination) {
    const Flow flow = op_test_heap_put_list::slow(s, next, words, live, head, tail, destination);
    return flow == Flow::kNext ? op_ret::run(s, next) : flow;
  }
};

struct op_test_heap_put_tuple_2 : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto words, auto live, auto a, auto b,
                        auto destination) {
    if (!op_test_heap::ready(s, words, live)) return Flow::kSlow;
    op_put_tuple_2::run(s, next, a, b, destination);
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto words, auto live, auto a, auto b,
                         auto destination) {
    const Flow flow = op_test_heap::slow(s, next, words, live);
    if (flow == Flow::kNext) op_put_tuple_2::run(s, next, a, b, destination);
    return flow;
  }
};

struct op_is_nonempty_get_list : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto, auto source, auto, auto head, auto tail) {
    if (!source.get(s).is_list()) return Flow::kFail;
    op_get_list::run(s, next, source, head, tail);
    return Flow::kNext;
  }
};

struct op_is_nonempty_allocate : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto, auto source, auto slots, auto live) {
    if (!source.get(s).is_list()) return Flow::kFail;
    return op_allocate::run(s, next, slots, live);
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto, auto, auto slots, auto live) {
    return op_allocate::slow(s, next, slots, live);
  }
};

struct op_is_tuple_get_elements : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto, auto source, auto header, auto,
                        auto offset1, auto destination1, auto offset2, auto destination2) {
    const Term t = source.get(s);
    if (!t.is_boxed() || t.header() != header.field) return Flow::kFail;
    op_get_tuple_elements_2::run(s, next, source, offset1, destination1, offset2, destination2);
    return Flow::kNext;
  }
};

}  // namespace

void fill_fused_data(HandlerTable& table) {
#define JOIST_OP_GROUP_fused_data JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
