// Type tests and comparisons.
#pragma once

#include "vm/code/fun_call.h"
#include "vm/exec/dispatch.h"
#include "vm/exec/long_instruction.h"
#include "vm/term/compare.h"

namespace joist {

#define JOIST_TYPE_TEST(name, condition)                               \
  struct op_##name : FastOp {                                          \
    JOIST_INLINE bool run(State& s, const Cell*, auto, auto operand) { \
      const Term t = operand.get(s);                                   \
      return condition;                                                \
    }                                                                  \
  };

// The first test of each decides nearly always; those on headers need the object.
JOIST_TYPE_TEST(is_integer, t.is_small() || is_big(t))
JOIST_TYPE_TEST(is_float, t.is_word_float() || is_kind(t, Boxed::kFloat))
JOIST_TYPE_TEST(is_number, !(t.bits() & 1) || is_big(t) || is_kind(t, Boxed::kFloat))
JOIST_TYPE_TEST(is_atom, t.is_atom())
JOIST_TYPE_TEST(is_boolean, t == atoms::true_ || t == atoms::false_)
JOIST_TYPE_TEST(is_pid, is_pid(t))
JOIST_TYPE_TEST(is_port, is_port(t))
JOIST_TYPE_TEST(is_reference, is_ref(t))
JOIST_TYPE_TEST(is_nil, t.is_nil())
JOIST_TYPE_TEST(is_list, t.is_list() || t.is_nil())
JOIST_TYPE_TEST(is_nonempty_list, t.is_list())
JOIST_TYPE_TEST(is_tuple, is_tuple(t))
JOIST_TYPE_TEST(is_map, is_map(t))
JOIST_TYPE_TEST(is_binary, is_binary(t))
JOIST_TYPE_TEST(is_bitstring, is_bits(t))
JOIST_TYPE_TEST(is_function, is_fun(t))
JOIST_TYPE_TEST(is_any_record, is_kind(t, Boxed::kRecord))
#undef JOIST_TYPE_TEST

struct op_is_function2 : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto operand, auto arity) {
    const Term fun = operand.get(s);
    const Term wanted = arity.get(s);
    return is_fun(fun) && wanted == Term::small(fun_arity(fun));
  }
};

struct op_test_arity : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto operand, auto header) {
    return operand.get(s).header() == header.field;
  }
};

struct op_is_tuple_of_arity : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto operand, auto header) {
    const Term t = operand.get(s);
    return t.is_boxed() && t.header() == header.field;
  }
};

struct op_is_tagged_tuple : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto operand, auto header, auto tag) {
    const Term t = operand.get(s);
    return t.is_boxed() && t.header() == header.field && t.object()[1] == tag.get(s).bits();
  }
};

// --- comparisons: small integers and equal words in line, the rest in `slow` ---

// In `slow`. False: the instruction leaves.
[[gnu::always_inline]] inline bool compare_pointers(State& s, Comparison what, Term a, Term b,
                                                    int* order) {
  if (a.is_pointer() && b.is_pointer()) return compare_or_leave(s, what, a, b, order);
  *order = what == Comparison::kOrder   ? compare(a, b)
           : what == Comparison::kEqual ? !equal(a, b)
                                        : !exact_equal(a, b);
  return true;
}

template <bool kWanted>
struct LessThan : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (!Term::both_small(a, b)) return Flow::kSlow;
    const bool less = static_cast<int64_t>(a.bits()) < static_cast<int64_t>(b.bits());
    return less == kWanted ? Flow::kNext : Flow::kFail;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto left, auto right) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (a.is_word_float() && b.is_word_float()) {
      return (a.word_float_value() < b.word_float_value()) == kWanted ? Flow::kNext : Flow::kFail;
    }
    int order;
    if (!compare_pointers(s, Comparison::kOrder, a, b, &order)) return Flow::kLeave;
    return (order < 0) == kWanted ? Flow::kNext : Flow::kFail;
  }
};
struct op_is_lt : LessThan<true> {};
struct op_is_ge : LessThan<false> {};

template <bool kWanted>
struct Equal : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (a == b) return kWanted ? Flow::kNext : Flow::kFail;
    if (Term::both_small(a, b)) return kWanted ? Flow::kFail : Flow::kNext;
    return Flow::kSlow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto left, auto right) {
    int order;
    if (!compare_pointers(s, Comparison::kEqual, left.get(s), right.get(s), &order)) {
      return Flow::kLeave;
    }
    return (order == 0) == kWanted ? Flow::kNext : Flow::kFail;
  }
};
struct op_is_eq : Equal<true> {};
struct op_is_ne : Equal<false> {};

template <bool kWanted>
struct ExactEqual : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (a == b) return kWanted ? Flow::kNext : Flow::kFail;
    if (!a.is_pointer() && !b.is_pointer()) return kWanted ? Flow::kFail : Flow::kNext;
    return Flow::kSlow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto left, auto right) {
    int order;
    if (!compare_pointers(s, Comparison::kExactlyEqual, left.get(s), right.get(s), &order)) {
      return Flow::kLeave;
    }
    return (order == 0) == kWanted ? Flow::kNext : Flow::kFail;
  }
};
struct op_is_eq_exact : ExactEqual<true> {};
struct op_is_ne_exact : ExactEqual<false> {};

struct op_is_eq_immediate : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto operand, auto constant) {
    return operand.get(s) == constant.get(s);
  }
};
struct op_is_ne_immediate : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto operand, auto constant) {
    return !(operand.get(s) == constant.get(s));
  }
};

// --- native records ---

struct op_is_named_record : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto operand, auto module, auto name) {
    const Term t = operand.get(s);
    return is_kind(t, Boxed::kRecord) && record_definition(t)->module == module.get(s) &&
           record_definition(t)->name == name.get(s);
  }
};

struct op_is_record_accessible : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto operand, auto module) {
    const Term t = operand.get(s);
    return is_kind(t, Boxed::kRecord) &&
           (record_definition(t)->exported || record_definition(t)->module == module.get(s));
  }
};

}  // namespace joist
