// Arithmetic: multiplication, division, bits and floats in float registers.
#include "vm/exec/op_arith.h"

#include <cmath>

#include "vm/term/rules.h"

namespace joist {
namespace {

// Division of smalls: by zero, and the one quotient that overflows, are for `slow`.
[[gnu::always_inline]] inline bool is_divisor(Term b) {
  return b.bits() != 0 && b.small_value() != -1;
}
struct IntegerDivide {
  JOIST_INLINE bool smalls(Term a, Term b, Term* value) {
    if (!is_divisor(b)) return false;
    *value = Term::small(a.small_value() / b.small_value());
    return true;
  }
};
struct Remainder {
  JOIST_INLINE bool smalls(Term a, Term b, Term* value) {
    if (!is_divisor(b)) return false;
    *value = Term::small(a.small_value() % b.small_value());
    return true;
  }
};
struct And {
  JOIST_INLINE bool smalls(Term a, Term b, Term* value) {
    *value = Term::from_bits(a.bits() & b.bits());
    return true;
  }
};
struct Or {
  JOIST_INLINE bool smalls(Term a, Term b, Term* value) {
    *value = Term::from_bits(a.bits() | b.bits());
    return true;
  }
};
struct Xor {
  JOIST_INLINE bool smalls(Term a, Term b, Term* value) {
    *value = Term::from_bits(a.bits() ^ b.bits());
    return true;
  }
};
struct ShiftLeft {
  JOIST_INLINE bool smalls(Term a, Term b, Term* value) {
    const Word count = static_cast<Word>(b.small_value());
    if (count > 60) return false;
    const auto shifted = static_cast<int64_t>(a.bits() << count);
    if (shifted >> count != static_cast<int64_t>(a.bits())) return false;
    *value = Term::from_bits(static_cast<Word>(shifted));
    return true;
  }
};
struct ShiftRight {
  JOIST_INLINE bool smalls(Term a, Term b, Term* value) {
    const Word count = static_cast<Word>(b.small_value());
    if (count > 61) return false;
    *value = Term::small(a.small_value() >> count);
    return true;
  }
};

struct op_multiply : BinaryOperator<Multiply, arith_multiply, atoms::times.bits()> {};
struct op_divide : BinaryOperator<Divide, arith_divide, atoms::divide.bits()> {};
struct op_integer_divide : BinaryOperator<IntegerDivide, arith_integer_divide, atoms::div.bits()> {
};
struct op_remainder : BinaryOperator<Remainder, arith_remainder, atoms::rem.bits()> {};
struct op_band : BinaryOperator<And, arith_band, atoms::band.bits()> {};
struct op_bor : BinaryOperator<Or, arith_bor, atoms::bor.bits()> {};
struct op_bxor : BinaryOperator<Xor, arith_bxor, atoms::bxor.bits()> {};
struct op_shift_left : BinaryOperator<ShiftLeft, arith_shift_left, atoms::bsl.bits()> {};
struct op_shift_right : BinaryOperator<ShiftRight, arith_shift_right, atoms::bsr.bits()> {};

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
    const double value = Operation::floats(left.get(s), right.get(s));
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
