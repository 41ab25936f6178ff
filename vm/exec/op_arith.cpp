// Arithmetic: small integers (and floats held in the word) in line, the rest through
// vm/heap/arith.h.
#include <cmath>

#include "vm/exec/dispatch.h"
#include "vm/exec/support.h"
#include "vm/heap/arith.h"
#include "vm/term/rules.h"

namespace joist {
namespace {

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

using Operator = ArithResult(Allocator&, Term, Term);

bool is_small_constant(Operand<FieldKind::kConstant> operand) {
  return Term::from_bits(operand.field).is_small();
}
bool is_small_constant(Operand<FieldKind::kAnySource> operand) {
  return !is_register_source(operand.field) && Term::from_bits(operand.field).is_small();
}
template <FieldKind kKind>
bool is_small_constant(Operand<kKind>) {
  return false;
}

// The slow half of a binary operator.
template <Operator* kOperator, Word kName>
struct BinaryOperator : SlowOp {
  static constexpr Mfa kMfa = {atoms::erlang, Term::from_bits(kName), 2};
  // OTP has an instruction of its own for adding a constant (taking one off), whose errors name
  // no operator.
  static bool is_increment(auto left, auto right) {
    if (kMfa.function == atoms::plus) return is_small_constant(left) || is_small_constant(right);
    return kMfa.function == atoms::minus && is_small_constant(right);
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto left, auto right, auto destination,
                         auto live) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    s.save();
    const ArithResult result = kOperator(s.process().heap, a, b);
    if (result.status == ArithStatus::kBadArith && fail.field == 0 && is_increment(left, right)) {
      s.process().badarith();
      return Flow::kRaise;
    }
    return finish(s, result, fail.field, kMfa, {a, b}, destination, live.field);
  }
};

struct Add {
  static double apply(double a, double b) { return a + b; }
};
struct Subtract {
  static double apply(double a, double b) { return a - b; }
};
struct Multiply {
  static double apply(double a, double b) { return a * b; }
};
struct Divide {
  static double apply(double a, double b) { return a / b; }
};

// An operator on two floats held in words whose result is held in a word, too. Infinities and
// NaN never are.
template <typename Operation>
[[gnu::always_inline]] inline Flow word_floats(State& s, Term a, Term b, auto destination) {
  if (!a.is_word_float() || !b.is_word_float()) return Flow::kSlow;
  const double value = Operation::apply(a.word_float_value(), b.word_float_value());
  if (!Term::fits_word_float(value)) return Flow::kSlow;
  destination.set(s, Term::word_float(value));
  return Flow::kNext;
}

struct op_add : BinaryOperator<arith_add, atoms::plus.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    int64_t sum;
    if (Term::both_small(a, b) && !__builtin_add_overflow(static_cast<int64_t>(a.bits()),
                                                          static_cast<int64_t>(b.bits()), &sum))
        [[likely]] {
      destination.set(s, Term::from_bits(static_cast<Word>(sum)));
      return Flow::kNext;
    }
    return word_floats<Add>(s, a, b, destination);
  }
};

struct op_subtract : BinaryOperator<arith_subtract, atoms::minus.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    int64_t difference;
    if (Term::both_small(a, b) &&
        !__builtin_sub_overflow(static_cast<int64_t>(a.bits()), static_cast<int64_t>(b.bits()),
                                &difference)) [[likely]] {
      destination.set(s, Term::from_bits(static_cast<Word>(difference)));
      return Flow::kNext;
    }
    return word_floats<Subtract>(s, a, b, destination);
  }
};

struct op_multiply : BinaryOperator<arith_multiply, atoms::times.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    int64_t product;
    if (Term::both_small(a, b) &&
        !__builtin_mul_overflow(a.small_value(), static_cast<int64_t>(b.bits()), &product))
        [[likely]] {
      destination.set(s, Term::from_bits(static_cast<Word>(product)));
      return Flow::kNext;
    }
    return word_floats<Multiply>(s, a, b, destination);
  }
};

struct op_divide : BinaryOperator<arith_divide, atoms::divide.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    return word_floats<Divide>(s, left.get(s), right.get(s), destination);
  }
};

// Division of smalls: by zero, and the one quotient that overflows, are for `slow`.
[[gnu::always_inline]] inline bool divisible(Term a, Term b) {
  return Term::both_small(a, b) && b.bits() != 0 && b.small_value() != -1;
}

struct op_integer_divide : BinaryOperator<arith_integer_divide, atoms::div.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (!divisible(a, b)) return Flow::kSlow;
    destination.set(s, Term::small(a.small_value() / b.small_value()));
    return Flow::kNext;
  }
};

struct op_remainder : BinaryOperator<arith_remainder, atoms::rem.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (!divisible(a, b)) return Flow::kSlow;
    destination.set(s, Term::small(a.small_value() % b.small_value()));
    return Flow::kNext;
  }
};

struct op_band : BinaryOperator<arith_band, atoms::band.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (!Term::both_small(a, b)) return Flow::kSlow;
    destination.set(s, Term::from_bits(a.bits() & b.bits()));
    return Flow::kNext;
  }
};

struct op_bor : BinaryOperator<arith_bor, atoms::bor.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (!Term::both_small(a, b)) return Flow::kSlow;
    destination.set(s, Term::from_bits(a.bits() | b.bits()));
    return Flow::kNext;
  }
};

struct op_bxor : BinaryOperator<arith_bxor, atoms::bxor.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (!Term::both_small(a, b)) return Flow::kSlow;
    destination.set(s, Term::from_bits(a.bits() ^ b.bits()));
    return Flow::kNext;
  }
};

struct op_shift_left : BinaryOperator<arith_shift_left, atoms::bsl.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (!Term::both_small(a, b)) return Flow::kSlow;
    const Word count = static_cast<Word>(b.small_value());
    if (count > 60) return Flow::kSlow;
    const auto shifted = static_cast<int64_t>(a.bits() << count);
    if (shifted >> count != static_cast<int64_t>(a.bits())) return Flow::kSlow;
    destination.set(s, Term::from_bits(static_cast<Word>(shifted)));
    return Flow::kNext;
  }
};

struct op_shift_right : BinaryOperator<arith_shift_right, atoms::bsr.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto left, auto right, auto destination,
                        auto) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (!Term::both_small(a, b)) return Flow::kSlow;
    const Word count = static_cast<Word>(b.small_value());
    if (count > 61) return Flow::kSlow;
    destination.set(s, Term::small(a.small_value() >> count));
    return Flow::kNext;
  }
};

template <ArithResult (*kOperator)(Allocator&, Term), Word kName>
struct Unary : SlowOp {
  static constexpr Mfa kMfa = {atoms::erlang, Term::from_bits(kName), 1};
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto operand, auto destination,
                         auto live) {
    const Term a = operand.get(s);
    s.save();
    const ArithResult result = kOperator(s.process().heap, a);
    return finish(s, result, fail.field, kMfa, {a}, destination, live.field);
  }
};

struct op_negate : Unary<arith_negate, atoms::minus.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto operand, auto destination, auto) {
    const Term a = operand.get(s);
    if (!a.is_small() || a.small_value() == Term::kMinSmall) return Flow::kSlow;
    destination.set(s, Term::small(-a.small_value()));
    return Flow::kNext;
  }
};

struct op_bnot : Unary<arith_bnot, atoms::bnot.bits()> {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto operand, auto destination, auto) {
    const Term a = operand.get(s);
    if (!a.is_small()) return Flow::kSlow;
    destination.set(s, Term::small(~a.small_value()));
    return Flow::kNext;
  }
};

// --- floats in float registers ---

struct op_float_load : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto destination) {
    destination.set(s, float_value(source.get(s)));
  }
};

struct op_float_convert : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto source, auto destination) {
    const Term number = source.get(s);
    if (number.is_word_float()) {
      destination.set(s, number.word_float_value());
      return Flow::kNext;
    }
    if (number.is_small()) {
      destination.set(s, static_cast<double>(number.small_value()));
      return Flow::kNext;
    }
    return Flow::kSlow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto source, auto destination) {
    double value;
    if (number_to_double(source.get(s), &value)) {
      destination.set(s, value);
      return Flow::kNext;
    }
    s.save();
    s.process().badarith();
    return Flow::kRaise;
  }
};

// Two words are reserved for each float the compiler counted, for those that are boxed.
struct op_float_store : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto destination) {
    const double value = source.get(s);
    if (Term::fits_word_float(value)) {
      destination.set(s, Term::word_float(value));
      return;
    }
    Word* words = s.hp;
    s.hp += kBoxedFloatWords;
    words[0] = make_header(Boxed::kFloat, 1);
    words[1] = std::bit_cast<Word>(value);
    destination.set(s, Term::boxed(words));
  }
};

struct op_float_move : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto destination) {
    destination.set(s, source.get(s));
  }
};

// Infinities and NaN are no Erlang floats.
template <typename Operation>
struct FloatBinary : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto left, auto right, auto destination) {
    const double value = Operation::apply(left.get(s), right.get(s));
    if (!std::isfinite(value)) return Flow::kSlow;
    destination.set(s, value);
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto, auto) {
    s.save();
    s.process().badarith();
    return Flow::kRaise;
  }
};
struct op_float_add : FloatBinary<Add> {};
struct op_float_subtract : FloatBinary<Subtract> {};
struct op_float_multiply : FloatBinary<Multiply> {};
struct op_float_divide : FloatBinary<Divide> {};

struct op_float_negate : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto destination) {
    const double value = source.get(s);
    // Before OTP 27 a difference: 0.0 - 0.0 is 0.0.
    destination.set(s, term_rules().signed_zero ? -value : 0.0 - value);
  }
};

}  // namespace

void fill_arith(HandlerTable& table) {
#define JOIST_OP_GROUP_arith JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
