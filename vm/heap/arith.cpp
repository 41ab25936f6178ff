// The operators. Integers too large for a machine word are computed right in the words that the
// result will occupy; what turns out not to be needed is given back (IntegerResult).
#include "vm/heap/arith.h"

#include <algorithm>
#include <cmath>

#include "vm/heap/builder.h"
#include "vm/term/bignum.h"
#include "vm/term/rules.h"

namespace joist {
namespace {

using big::Number;
using big::Written;

constexpr ArithResult kBadArith = {Term::none(), ArithStatus::kBadArith};
constexpr ArithResult kSystemLimit = {Term::none(), ArithStatus::kSystemLimit};

ArithResult ok(Term value) { return {value, ArithStatus::kOk}; }
ArithResult ok(Allocator& heap, int64_t value) { return ok(make_integer(heap, value)); }

ArithResult float_result(Allocator& heap, double value) {
  if (!std::isfinite(value)) return kBadArith;
  return ok(make_float(heap, value));
}

// Words for a bignum of up to `room` limbs and `scratch` limbs more.
class IntegerResult {
 public:
  IntegerResult(Allocator& heap, size_t room, size_t scratch = 0)
      : heap_(heap),
        size_(1 + room + scratch),
        words_(heap.alloc(size_)),
        scratch_(limbs() + room) {}
  Word* limbs() { return words_ + 1; }
  Word* scratch() { return scratch_; }

  ArithResult finish(Written written) {
    if (written.count <= 1) {
      Word magnitude = written.count == 0 ? 0 : words_[1];
      Word limit = static_cast<Word>(Term::kMaxSmall) + written.negative;
      if (magnitude <= limit) {
        heap_.give_back(words_, size_);
        auto value = static_cast<int64_t>(magnitude);
        return ok(Term::small(written.negative ? -value : value));
      }
    }
    if (written.count > term_rules().max_big_limbs) {
      heap_.give_back(words_, size_);
      return kSystemLimit;
    }
    words_[0] =
        make_header(written.negative ? Boxed::kNegativeBig : Boxed::kPositiveBig, written.count);
    size_t used = 1 + written.count;
    if (used < size_) heap_.give_back(words_ + used, size_ - used);
    return ok(Term::boxed(words_));
  }

 private:
  Allocator& heap_;
  size_t size_;
  Word* words_;
  Word* scratch_;
};

// Integers of at most 126 bits, small or not, are computed in machine registers.
using Wide = __int128;

bool to_wide(Term number, Wide* value) {
  if (number.is_small()) {
    *value = number.small_value();
    return true;
  }
  if (!is_big(number)) return false;
  std::span<const Word> limbs = big_limbs(number);
  if (limbs.size() > 2) return false;
  Word high = limbs.size() == 2 ? limbs[1] : 0;
  if (high >> 62 != 0) return false;
  Wide magnitude = static_cast<Wide>(high) << 64 | limbs[0];
  *value = big_is_negative(number) ? -magnitude : magnitude;
  return true;
}

bool both_wide(Term a, Term b, Wide* x, Wide* y) { return to_wide(a, x) && to_wide(b, y); }

ArithResult magnitude_result(Allocator& heap, unsigned __int128 magnitude, bool negative) {
  auto low = static_cast<Word>(magnitude);
  auto high = static_cast<Word>(magnitude >> 64);
  if (high == 0 && low <= static_cast<Word>(Term::kMaxSmall) + negative) {
    auto value = static_cast<int64_t>(low);
    return ok(Term::small(negative ? -value : value));
  }
  size_t count = high != 0 ? 2 : 1;
  Word* words = heap.alloc(1 + count);
  words[0] = make_header(negative ? Boxed::kNegativeBig : Boxed::kPositiveBig, count);
  words[1] = low;
  if (high != 0) words[2] = high;
  return ok(Term::boxed(words));
}

ArithResult wide_result(Allocator& heap, Wide value) {
  bool negative = value < 0;
  return magnitude_result(heap, static_cast<unsigned __int128>(negative ? -value : value),
                          negative);
}

// Both operands as doubles, for an operation that has at least one float.
bool both_doubles(Term a, Term b, double* x, double* y) {
  return number_to_double(a, x) && number_to_double(b, y);
}

using BigOperation = Written (*)(Word*, Number, Number);

ArithResult with_sum_room(Allocator& heap, Term a, Term b, BigOperation operation) {
  Word a_limb;
  Word b_limb;
  Number x = big::of_term(a, &a_limb);
  Number y = big::of_term(b, &b_limb);
  IntegerResult result(heap, std::max(x.count, y.count) + 1);
  return result.finish(operation(result.limbs(), x, y));
}

template <typename WideOperation>
ArithResult bitwise(Allocator& heap, Term a, Term b, WideOperation wide, BigOperation operation) {
  Wide x;
  Wide y;
  if (both_wide(a, b, &x, &y)) return wide_result(heap, wide(x, y));
  if (!is_integer(a) || !is_integer(b)) return kBadArith;
  return with_sum_room(heap, a, b, operation);
}

// Of a mask that is not negative and fits a limb, only an operand's lowest limb matters.
bool to_mask(Term b, Word* mask) {
  if (b.is_small()) {
    *mask = static_cast<Word>(b.small_value());
    return b.small_value() >= 0;
  }
  if (!is_kind(b, Boxed::kPositiveBig) || big_limbs(b).size() != 1) return false;
  *mask = big_limbs(b)[0];
  return true;
}
Word low_limb(Term big) {
  Word low = big_limbs(big)[0];
  return big_is_negative(big) ? Word{0} - low : low;
}

enum class Part { kQuotient, kRemainder };

ArithResult divide_integers(Allocator& heap, Term a, Term b, Part part) {
  if (Term::both_small(a, b)) [[likely]] {
    int64_t divisor = b.small_value();
    if (divisor == 0) return kBadArith;
    int64_t dividend = a.small_value();
    return ok(heap, part == Part::kQuotient ? dividend / divisor : dividend % divisor);
  }
  if (!is_integer(a) || !is_integer(b) || b == Term::small(0)) return kBadArith;
  Wide dividend;
  Wide divisor;
  if (both_wide(a, b, &dividend, &divisor)) {
    return wide_result(heap, part == Part::kQuotient ? dividend / divisor : dividend % divisor);
  }
  Word a_limb;
  Word b_limb;
  Number x = big::of_term(a, &a_limb);
  Number y = big::of_term(b, &b_limb);
  if (big::compare_magnitudes(x, y) < 0) {
    return ok(part == Part::kQuotient ? Term::small(0) : a);
  }
  if (part == Part::kRemainder && y.count == 1) {
    auto remainder = static_cast<Wide>(big::remainder_by_limb(x, y.limbs[0]));
    return wide_result(heap, x.negative ? -remainder : remainder);
  }
  size_t quotient_room = x.count - y.count + 1;
  if (part == Part::kQuotient) {
    IntegerResult result(heap, quotient_room, y.count);
    return result.finish(big::divide(result.limbs(), result.scratch(), x, y).quotient);
  }
  IntegerResult result(heap, y.count, quotient_room);
  return result.finish(big::divide(result.scratch(), result.limbs(), x, y).remainder);
}

ArithResult shift_left_by(Allocator& heap, Term a, size_t bits) {
  if (a.is_small()) {
    int64_t value = a.small_value();
    if (value == 0) return ok(a);
    if (bits < 62) {
      auto shifted = static_cast<int64_t>(static_cast<Word>(value) << bits);
      if (shifted >> bits == value) return ok(heap, shifted);
    }
  }
  Word limb;
  Number n = big::of_term(a, &limb);
  size_t whole = bits / big::kLimbBits;
  if (whole + n.count > term_rules().max_big_limbs) return kSystemLimit;
  IntegerResult result(heap, n.count + whole + 1);
  return result.finish(big::shift_left(result.limbs(), n, bits));
}

ArithResult shift_right_by(Allocator& heap, Term a, size_t bits) {
  if (a.is_small()) return ok(Term::small(a.small_value() >> std::min<size_t>(bits, 63)));
  Wide value;
  if (to_wide(a, &value)) return wide_result(heap, value >> std::min<size_t>(bits, 127));
  Word limb;
  Number n = big::of_term(a, &limb);
  size_t whole = bits / big::kLimbBits;
  if (whole >= n.count) return ok(Term::small(n.negative ? -1 : 0));
  IntegerResult result(heap, n.count - whole + 1);
  return result.finish(big::shift_right(result.limbs(), n, bits));
}

// `left` says which way a positive `b` shifts.
ArithResult shift(Allocator& heap, Term a, Term b, bool left) {
  if (!is_integer(a) || !is_integer(b)) return kBadArith;
  bool negative;
  size_t bits;
  if (b.is_small()) {
    negative = b.small_value() < 0;
    bits = big::magnitude(b.small_value());
  } else {
    negative = big_is_negative(b);
    bits = ~size_t{0};  // more than any integer has
  }
  if (bits == 0) return ok(a);
  return left != negative ? shift_left_by(heap, a, bits) : shift_right_by(heap, a, bits);
}

}  // namespace

bool number_to_double(Term number, double* value) {
  if (number.is_small()) {
    *value = static_cast<double>(number.small_value());
    return true;
  }
  if (is_float(number)) {
    *value = float_value(number);
    return true;
  }
  if (!is_big(number)) return false;
  Number n = big::of_term(number, nullptr);
  return term_rules().otp_release >= 29 ? big::to_double(n, value)
                                        : big::to_double_by_limbs(n, value);
}

ArithResult arith_add(Allocator& heap, Term a, Term b) {
  if (Term::both_small(a, b)) [[likely]]
    return ok(heap, a.small_value() + b.small_value());
  if (a.is_word_float() && b.is_word_float()) {
    return float_result(heap, a.word_float_value() + b.word_float_value());
  }
  Wide left;
  Wide right;
  if (both_wide(a, b, &left, &right)) return wide_result(heap, left + right);
  if (is_integer(a) && is_integer(b)) return with_sum_room(heap, a, b, big::add);
  double x;
  double y;
  if (!both_doubles(a, b, &x, &y)) return kBadArith;
  return float_result(heap, x + y);
}

ArithResult arith_subtract(Allocator& heap, Term a, Term b) {
  if (Term::both_small(a, b)) [[likely]]
    return ok(heap, a.small_value() - b.small_value());
  if (a.is_word_float() && b.is_word_float()) {
    return float_result(heap, a.word_float_value() - b.word_float_value());
  }
  Wide left;
  Wide right;
  if (both_wide(a, b, &left, &right)) return wide_result(heap, left - right);
  if (is_integer(a) && is_integer(b)) return with_sum_room(heap, a, b, big::subtract);
  double x;
  double y;
  if (!both_doubles(a, b, &x, &y)) return kBadArith;
  return float_result(heap, x - y);
}

ArithResult arith_multiply(Allocator& heap, Term a, Term b) {
  if (Term::both_small(a, b)) [[likely]] {
    return wide_result(heap, static_cast<Wide>(a.small_value()) * b.small_value());
  }
  if (a.is_word_float() && b.is_word_float()) {
    return float_result(heap, a.word_float_value() * b.word_float_value());
  }
  if (is_integer(a) && is_integer(b)) {
    Word a_limb;
    Word b_limb;
    Number x = big::of_term(a, &a_limb);
    Number y = big::of_term(b, &b_limb);
    if (x.is_zero() || y.is_zero()) return ok(Term::small(0));
    if (x.count == 1 && y.count == 1) {
      return magnitude_result(heap, static_cast<unsigned __int128>(x.limbs[0]) * y.limbs[0],
                              x.negative != y.negative);
    }
    if (x.count + y.count - 1 > term_rules().max_big_limbs) return kSystemLimit;
    IntegerResult result(heap, x.count + y.count);
    return result.finish(big::multiply(result.limbs(), x, y));
  }
  double x;
  double y;
  if (!both_doubles(a, b, &x, &y)) return kBadArith;
  return float_result(heap, x * y);
}

ArithResult arith_divide(Allocator& heap, Term a, Term b) {
  double x;
  double y;
  if (!both_doubles(a, b, &x, &y) || y == 0) return kBadArith;
  return float_result(heap, x / y);
}

ArithResult arith_integer_divide(Allocator& heap, Term a, Term b) {
  return divide_integers(heap, a, b, Part::kQuotient);
}

ArithResult arith_remainder(Allocator& heap, Term a, Term b) {
  return divide_integers(heap, a, b, Part::kRemainder);
}

ArithResult arith_negate(Allocator& heap, Term a) {
  // Not 0 - a: that would lose the sign of -0.0.
  if (is_float(a)) return ok(make_float(heap, -float_value(a)));
  return arith_subtract(heap, Term::small(0), a);
}

ArithResult arith_absolute(Allocator& heap, Term a) {
  if (is_float(a)) {
    // Before OTP 27 -0.0 is as good as 0.0.
    double value = float_value(a);
    if (value == 0 && !term_rules().signed_zero) return ok(a);
    return ok(make_float(heap, std::fabs(value)));
  }
  if (!is_integer(a)) return kBadArith;
  bool negative = a.is_small() ? a.small_value() < 0 : big_is_negative(a);
  return negative ? arith_negate(heap, a) : ok(a);
}

ArithResult arith_band(Allocator& heap, Term a, Term b) {
  if (Term::both_small(a, b)) [[likely]]
    return ok(Term::from_bits(a.bits() & b.bits()));
  Word mask;
  if (is_big(a) && to_mask(b, &mask)) return ok(make_unsigned(heap, low_limb(a) & mask));
  if (is_big(b) && to_mask(a, &mask)) return ok(make_unsigned(heap, low_limb(b) & mask));
  return bitwise(heap, a, b, [](Wide x, Wide y) { return x & y; }, big::bit_and);
}

ArithResult arith_bor(Allocator& heap, Term a, Term b) {
  if (Term::both_small(a, b)) [[likely]]
    return ok(Term::from_bits(a.bits() | b.bits()));
  return bitwise(heap, a, b, [](Wide x, Wide y) { return x | y; }, big::bit_or);
}

ArithResult arith_bxor(Allocator& heap, Term a, Term b) {
  if (Term::both_small(a, b)) [[likely]]
    return ok(Term::from_bits(a.bits() ^ b.bits()));
  return bitwise(heap, a, b, [](Wide x, Wide y) { return x ^ y; }, big::bit_xor);
}

ArithResult arith_bnot(Allocator& heap, Term a) { return arith_bxor(heap, a, Term::small(-1)); }

ArithResult arith_shift_left(Allocator& heap, Term a, Term b) { return shift(heap, a, b, true); }
ArithResult arith_shift_right(Allocator& heap, Term a, Term b) { return shift(heap, a, b, false); }

namespace {

ArithResult rounded(Allocator& heap, Term a, double (*round)(double)) {
  if (is_integer(a)) return ok(a);
  if (!is_float(a)) return kBadArith;
  double integral = round(float_value(a));
  if (std::fabs(integral) < 0x1p61) return ok(Term::small(static_cast<int64_t>(integral)));
  IntegerResult result(heap, big::kMaxDoubleLimbs);
  return result.finish(big::from_double(result.limbs(), integral));
}

}  // namespace

ArithResult arith_round(Allocator& heap, Term a) { return rounded(heap, a, std::round); }
ArithResult arith_trunc(Allocator& heap, Term a) { return rounded(heap, a, std::trunc); }
ArithResult arith_floor(Allocator& heap, Term a) { return rounded(heap, a, std::floor); }
ArithResult arith_ceil(Allocator& heap, Term a) { return rounded(heap, a, std::ceil); }

Term make_integer_from_limbs(Allocator& heap, const Word* limbs, size_t count, bool negative) {
  count = big::trimmed(limbs, count);
  if (count > term_rules().max_big_limbs) return Term::none();
  IntegerResult result(heap, count);
  std::copy_n(limbs, count, result.limbs());
  return result.finish({count, negative && count != 0}).value;
}

Term make_integer_from_bytes(Allocator& heap, const uint8_t* bytes, size_t count, bool is_signed,
                             bool little_endian) {
  if (count <= sizeof(Word)) [[likely]] {
    Word value = 0;
    for (size_t i = 0; i < count; ++i) {
      value = value << 8 | bytes[little_endian ? count - 1 - i : i];
    }
    if (!is_signed) return make_unsigned(heap, value);
    auto unused = static_cast<unsigned>(64 - 8 * count);
    if (unused == 64) return Term::small(0);
    return make_integer(heap, static_cast<int64_t>(value << unused) >> unused);
  }
  // Bytes that only repeat the sign cost no room.
  auto byte_at = [&](size_t from_low) {
    return bytes[little_endian ? from_low : count - 1 - from_low];
  };
  uint8_t fill = is_signed && (byte_at(count - 1) & 0x80) != 0 ? 0xff : 0;
  size_t used = count;
  while (used > 1 && byte_at(used - 1) == fill) --used;
  if (is_signed && used < count && ((byte_at(used - 1) ^ fill) & 0x80) != 0) ++used;
  if (!little_endian) bytes += count - used;
  size_t room = (used + sizeof(Word) - 1) / sizeof(Word);
  if (room > term_rules().max_big_limbs + 1) return Term::none();
  IntegerResult result(heap, room);
  return result.finish(big::from_bytes(result.limbs(), bytes, used, is_signed, little_endian))
      .value;
}

Term make_integer_from_magnitude(Allocator& heap, const uint8_t* little_endian_bytes, size_t count,
                                 bool negative) {
  while (count > 0 && little_endian_bytes[count - 1] == 0) --count;
  size_t room = (count + sizeof(Word) - 1) / sizeof(Word);
  if (room > term_rules().max_big_limbs) return Term::none();
  IntegerResult result(heap, room);
  Written written = big::from_bytes(result.limbs(), little_endian_bytes, count, false, true);
  written.negative = negative && written.count != 0;
  return result.finish(written).value;
}

void integer_to_bytes(Term integer, uint8_t* bytes, size_t count, bool little_endian) {
  Word limb;
  big::to_bytes(big::of_term(integer, &limb), bytes, count, little_endian);
}

namespace {

int64_t limbs_of(Term number) {
  return is_big(number) ? static_cast<int64_t>(big_limbs(number).size()) : 1;
}

}  // namespace

int64_t arith_linear_cost(Term a, Term b) {
  constexpr int64_t kLimbsPerReduction = 64;
  return (limbs_of(a) + limbs_of(b)) / kLimbsPerReduction;
}

// Schoolbook up to some size; from there on GMP's cost for each limb of the longer one hardly
// grows.
int64_t arith_product_cost(Term a, Term b) {
  constexpr int64_t kProductsPerReduction = 128;
  constexpr int64_t kLongestFactor = 128;
  const int64_t longer = std::max(limbs_of(a), limbs_of(b));
  const int64_t shorter = std::min({limbs_of(a), limbs_of(b), kLongestFactor});
  return longer * shorter / kProductsPerReduction;
}

}  // namespace joist
