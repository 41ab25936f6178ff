// Addition and its kin: small integers (and floats held in the word) in line, the rest through
// vm/heap/arith.h.
#pragma once

#include "vm/exec/dispatch.h"
#include "vm/exec/long_instruction.h"
#include "vm/exec/support.h"
#include "vm/heap/arith.h"

namespace joist {

// Ends an operator: stores the value, or fails, or raises badarith (system_limit) in the name of
// erlang:Operator/N. save() was done.
template <typename Destination>
Flow finish(State& s, ArithResult result, int32_t fail, const Mfa& mfa,
            std::initializer_list<Term> arguments, Destination destination, size_t live) {
  Process& p = s.process();
  if (result.status == ArithStatus::kOk) [[likely]] {
    Term value = result.value;
    if (!tidy_heap_gc(p, live, &value)) return Flow::kLeave;
    s.load();
    destination.set(s, value);
    return Flow::kNext;
  }
  if (fail != 0) return Flow::kFail;
  if (result.status == ArithStatus::kBadArith) {
    p.badarith();
  } else {
    p.system_limit();
  }
  blame_native(p, mfa, arguments.begin());
  return Flow::kRaise;
}

// A result to any register. Without a way through memory, on which what comes next would wait.
template <typename Destination>
[[gnu::always_inline]] inline void set_result(State& s, Destination destination, Term value) {
  if constexpr (std::is_same_v<Destination, Operand<FieldKind::kAnyDestination>>) {
    const uint16_t code = destination.field;
    void* base = code & 1 ? reinterpret_cast<char*>(s.sp) - 1 : reinterpret_cast<char*>(s.r->x);
    slot_at(base, code) = value.bits();
    s.x0 = code == x_code(0) ? value : s.x0;
    s.x1 = code == x_code(1) ? value : s.x1;
    s.x2 = code == x_code(2) ? value : s.x2;
    s.x3 = code == x_code(3) ? value : s.x3;
  } else {
    destination.set(s, value);
  }
}

using Operator = ArithOperator;

inline bool is_small_constant(Operand<FieldKind::kConstant> operand) {
  return Term::from_bits(operand.field).is_small();
}
inline bool is_small_constant(Operand<FieldKind::kAnySource> operand) {
  return !is_register_source(operand.field) && Term::from_bits(operand.field).is_small();
}
template <FieldKind kKind>
inline bool is_small_constant(Operand<kKind>) {
  return false;
}

// An operator on two floats held in words whose result is held in a word, too. Infinities and
// NaN never are.
template <typename Operation>
[[gnu::always_inline]] inline Flow word_floats(State& s, Term a, Term b, auto destination) {
  if (!a.is_word_float() || !b.is_word_float()) return Flow::kSlow;
  const double value = Operation::floats(a.word_float_value(), b.word_float_value());
  if (!Term::fits_word_float(value)) return Flow::kSlow;
  set_result(s, destination, Term::word_float(value));
  return Flow::kNext;
}

// A binary operator. `Operation` knows what needs no heap:
//   smalls(a, b, &value)  on two small integers; false: their value is none
//   floats(a, b)          on floats, if they have a meaning there
template <typename Operation, Operator* kOperator, Word kName>
struct BinaryOperator : SlowOp {
  using Smalls = Operation;
  static constexpr Mfa kMfa = {atoms::erlang, Term::from_bits(kName), 2};
  static constexpr bool kMultiplies = kOperator == &arith_multiply ||
                                      kOperator == &arith_integer_divide ||
                                      kOperator == &arith_remainder;
  // OTP has an instruction of its own for adding a constant (taking one off), whose errors name
  // no operator.
  static bool is_increment(auto left, auto right) {
    if (kMfa.function == atoms::plus) return is_small_constant(left) || is_small_constant(right);
    return kMfa.function == atoms::minus && is_small_constant(right);
  }
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    Term value = Term::none();
    if (Term::both_small(a, b) && Operation::smalls(a, b, &value)) [[likely]] {
      set_result(s, destination, value);
      return Flow::kNext;
    }
    if constexpr (requires { Operation::floats(0.0, 0.0); }) {
      return word_floats<Operation>(s, a, b, destination);
    }
    return Flow::kSlow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto left, auto right, auto destination,
                         auto live) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    s.save();
    ArithResult result;
    if constexpr (kMultiplies) {
      if (!compute_or_leave(s, kOperator, a, b, &result)) return Flow::kLeave;
    } else {
      result = kOperator(s.process().heap, a, b);
      s.process().charge(arith_linear_cost(a, b));
    }
    if (result.status == ArithStatus::kBadArith && fail.field == 0 && is_increment(left, right)) {
      s.process().badarith();
      return Flow::kRaise;
    }
    return finish(s, result, fail.field, kMfa, {a, b}, destination, live.field);
  }
};

// Addition and its kin work on the tagged words.
struct Add {
  JOIST_INLINE bool smalls(Term a, Term b, Term* value) {
    int64_t word;
    if (__builtin_add_overflow(static_cast<int64_t>(a.bits()), static_cast<int64_t>(b.bits()),
                               &word))
      return false;
    *value = Term::from_bits(static_cast<Word>(word));
    return true;
  }
  static double floats(double a, double b) { return a + b; }
};
struct Subtract {
  JOIST_INLINE bool smalls(Term a, Term b, Term* value) {
    int64_t word;
    if (__builtin_sub_overflow(static_cast<int64_t>(a.bits()), static_cast<int64_t>(b.bits()),
                               &word))
      return false;
    *value = Term::from_bits(static_cast<Word>(word));
    return true;
  }
  static double floats(double a, double b) { return a - b; }
};
struct Multiply {
  JOIST_INLINE bool smalls(Term a, Term b, Term* value) {
    int64_t word;
    if (__builtin_mul_overflow(a.small_value(), static_cast<int64_t>(b.bits()), &word))
      return false;
    *value = Term::from_bits(static_cast<Word>(word));
    return true;
  }
  static double floats(double a, double b) { return a * b; }
};
struct Divide {
  JOIST_INLINE bool smalls(Term, Term, Term*) { return false; }
  static double floats(double a, double b) { return a / b; }
};

struct op_add : BinaryOperator<Add, arith_add, atoms::plus.bits()> {};
struct op_subtract : BinaryOperator<Subtract, arith_subtract, atoms::minus.bits()> {};

}  // namespace joist
