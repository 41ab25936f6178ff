#include "vm/term/bignum.h"

#include <gmp.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace joist::big {
namespace {

static_assert(sizeof(mp_limb_t) == sizeof(Word) && GMP_NUMB_BITS == kLimbBits);

mp_limb_t* limbs_of(Word* words) { return reinterpret_cast<mp_limb_t*>(words); }
const mp_limb_t* limbs_of(const Word* words) { return reinterpret_cast<const mp_limb_t*>(words); }

Written written(const Word* result, size_t count, bool negative) {
  count = trimmed(result, count);
  return {count, negative && count != 0};
}

Written add_magnitudes(Word* result, Number a, Number b, bool negative) {
  if (a.count < b.count) std::swap(a, b);
  if (b.count == 0) {
    std::copy_n(a.limbs, a.count, result);
    return {a.count, negative && a.count != 0};
  }
  mp_limb_t carry = mpn_add(limbs_of(result), limbs_of(a.limbs), static_cast<mp_size_t>(a.count),
                            limbs_of(b.limbs), static_cast<mp_size_t>(b.count));
  result[a.count] = carry;
  return {a.count + (carry != 0), negative};
}

// |a| - |b|, negated if `negative`.
Written subtract_magnitudes(Word* result, Number a, Number b, bool negative) {
  int order = compare_magnitudes(a, b);
  if (order == 0) return {0, false};
  if (order < 0) {
    std::swap(a, b);
    negative = !negative;
  }
  if (b.count == 0) {
    std::copy_n(a.limbs, a.count, result);
    return {a.count, negative};
  }
  mpn_sub(limbs_of(result), limbs_of(a.limbs), static_cast<mp_size_t>(a.count), limbs_of(b.limbs),
          static_cast<mp_size_t>(b.count));
  return written(result, a.count, negative);
}

// The limbs of a number's two's complement, one after the other.
class Complement {
 public:
  explicit Complement(Number n) : number_(n), carry_(n.negative) {}
  Word limb(size_t index) {
    Word value = index < number_.count ? number_.limbs[index] : 0;
    if (!number_.negative) return value;
    value = ~value + carry_;
    carry_ = carry_ != 0 && value == 0;
    return value;
  }

 private:
  Number number_;
  Word carry_;
};

template <typename Operation>
Written bitwise(Word* result, Number a, Number b, Operation operation) {
  Complement left(a);
  Complement right(b);
  bool negative = operation(a.negative ? ~Word{0} : 0, b.negative ? ~Word{0} : 0) != 0;
  Word carry = negative;
  size_t count = std::max(a.count, b.count) + 1;
  for (size_t i = 0; i < count; ++i) {
    Word value = operation(left.limb(i), right.limb(i));
    if (negative) {
      value = ~value + carry;
      carry = carry != 0 && value == 0;
    }
    result[i] = value;
  }
  return written(result, count, negative);
}

bool with_sign(double magnitude, bool negative, double* value) {
  if (!std::isfinite(magnitude)) return false;
  *value = negative ? -magnitude : magnitude;
  return true;
}

}  // namespace

int compare_magnitudes(Number a, Number b) {
  if (a.count != b.count) return a.count < b.count ? -1 : 1;
  if (a.count == 0) return 0;
  return mpn_cmp(limbs_of(a.limbs), limbs_of(b.limbs), static_cast<mp_size_t>(a.count));
}

int compare(Number a, Number b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  int order = compare_magnitudes(a, b);
  return a.negative ? -order : order;
}

Written add(Word* result, Number a, Number b) {
  if (a.negative == b.negative) return add_magnitudes(result, a, b, a.negative);
  return subtract_magnitudes(result, a, b, a.negative);
}

Written subtract(Word* result, Number a, Number b) {
  if (a.negative != b.negative) return add_magnitudes(result, a, b, a.negative || !b.negative);
  return subtract_magnitudes(result, a, b, a.negative);
}

Written multiply(Word* result, Number a, Number b) {
  if (a.count < b.count) std::swap(a, b);
  if (b.count == 0) return {0, false};
  bool negative = a.negative != b.negative;
  auto a_count = static_cast<mp_size_t>(a.count);
  mp_limb_t top;
  if (b.count == 1) {
    top = mpn_mul_1(limbs_of(result), limbs_of(a.limbs), a_count, b.limbs[0]);
    result[a.count] = top;
  } else if (a.limbs == b.limbs && a.count == b.count) {
    mpn_sqr(limbs_of(result), limbs_of(a.limbs), a_count);
    top = result[2 * a.count - 1];
  } else {
    top = mpn_mul(limbs_of(result), limbs_of(a.limbs), a_count, limbs_of(b.limbs),
                  static_cast<mp_size_t>(b.count));
  }
  return {a.count + b.count - (top == 0), negative};
}

Divided divide(Word* quotient, Word* remainder, Number a, Number b) {
  JOIST_ASSERT(b.count != 0 && a.count >= b.count);
  if (b.count == 1) {
    remainder[0] = mpn_divrem_1(limbs_of(quotient), 0, limbs_of(a.limbs),
                                static_cast<mp_size_t>(a.count), b.limbs[0]);
  } else {
    mpn_tdiv_qr(limbs_of(quotient), limbs_of(remainder), 0, limbs_of(a.limbs),
                static_cast<mp_size_t>(a.count), limbs_of(b.limbs),
                static_cast<mp_size_t>(b.count));
  }
  return {written(quotient, a.count - b.count + 1, a.negative != b.negative),
          written(remainder, b.count, a.negative)};
}

Word remainder_by_limb(Number a, Word divisor) {
  return mpn_mod_1(limbs_of(a.limbs), static_cast<mp_size_t>(a.count), divisor);
}

Written bit_and(Word* result, Number a, Number b) {
  return bitwise(result, a, b, [](Word x, Word y) { return x & y; });
}
Written bit_or(Word* result, Number a, Number b) {
  return bitwise(result, a, b, [](Word x, Word y) { return x | y; });
}
Written bit_xor(Word* result, Number a, Number b) {
  return bitwise(result, a, b, [](Word x, Word y) { return x ^ y; });
}

Written shift_left(Word* result, Number a, size_t bits) {
  if (a.count == 0) return {0, false};
  size_t whole = bits / kLimbBits;
  auto rest = static_cast<unsigned>(bits % kLimbBits);
  std::fill_n(result, whole, 0);
  Word top = 0;
  if (rest == 0) {
    std::copy_n(a.limbs, a.count, result + whole);
  } else {
    top = mpn_lshift(limbs_of(result + whole), limbs_of(a.limbs), static_cast<mp_size_t>(a.count),
                     rest);
  }
  result[whole + a.count] = top;
  return {whole + a.count + (top != 0), a.negative};
}

Written shift_right(Word* result, Number a, size_t bits) {
  size_t whole = bits / kLimbBits;
  auto rest = static_cast<unsigned>(bits % kLimbBits);
  JOIST_ASSERT(whole < a.count);
  size_t count = a.count - whole;
  bool lost = trimmed(a.limbs, whole) != 0;
  if (rest == 0) {
    std::copy_n(a.limbs + whole, count, result);
  } else {
    lost |= mpn_rshift(limbs_of(result), limbs_of(a.limbs + whole), static_cast<mp_size_t>(count),
                       rest) != 0;
  }
  if (a.negative && lost) {
    result[count] = mpn_add_1(limbs_of(result), limbs_of(result), static_cast<mp_size_t>(count), 1);
    ++count;
  }
  return written(result, count, a.negative);
}

bool to_double(Number n, double* value) {
  size_t bits = bit_length(n);
  if (bits > 1024) return false;
  if (bits <= 64)
    return with_sign(n.count == 0 ? 0.0 : static_cast<double>(n.limbs[0]), n.negative, value);
  // The top 64 bits, the lowest of them standing for all that follow: converting that rounds
  // once, as the whole number would.
  size_t low = bits - 64;
  size_t index = low / kLimbBits;
  size_t offset = low % kLimbBits;
  Word top = n.limbs[index] >> offset;
  bool sticky = trimmed(n.limbs, index) != 0;
  if (offset != 0) {
    top |= n.limbs[index + 1] << (kLimbBits - offset);
    sticky |= n.limbs[index] << (kLimbBits - offset) != 0;
  }
  top |= sticky;
  return with_sign(std::ldexp(static_cast<double>(top), static_cast<int>(low)), n.negative, value);
}

bool to_double_by_limbs(Number n, double* value) {
  constexpr double kBase = 18446744073709551616.0;
  double sum = 0;
  for (size_t i = n.count; i-- > 0;) {
    double scaled = sum * kBase;
    sum = scaled + static_cast<double>(n.limbs[i]);
    if (!std::isfinite(sum)) return false;
  }
  return with_sign(sum, n.negative, value);
}

Written from_double(Word* result, double integral) {
  int exponent;
  double fraction = std::frexp(std::fabs(integral), &exponent);
  if (exponent <= 0) return {0, false};
  auto mantissa = static_cast<Word>(std::ldexp(fraction, 53));
  bool negative = integral < 0;
  if (exponent <= 53) {
    result[0] = mantissa >> (53 - exponent);
    return written(result, 1, negative);
  }
  Word room[kMaxDoubleLimbs + 1];
  Written shifted =
      shift_left(room, Number{&mantissa, 1, negative}, static_cast<size_t>(exponent - 53));
  std::copy_n(room, shifted.count, result);
  return shifted;
}

void to_bytes(Number n, uint8_t* bytes, size_t count, bool little_endian) {
  Complement limbs(n);
  for (size_t done = 0, index = 0; done < count; ++index) {
    Word limb = limbs.limb(index);
    for (size_t i = 0; i < sizeof(Word) && done < count; ++i, ++done) {
      bytes[little_endian ? done : count - 1 - done] = static_cast<uint8_t>(limb);
      limb >>= 8;
    }
  }
}

Written from_bytes(Word* result, const uint8_t* bytes, size_t count, bool is_signed,
                   bool little_endian) {
  if (count == 0) return {0, false};
  bool negative = is_signed && (bytes[little_endian ? count - 1 : 0] & 0x80) != 0;
  size_t limb_count = (count + sizeof(Word) - 1) / sizeof(Word);
  for (size_t done = 0, index = 0; index < limb_count; ++index) {
    Word limb = 0;
    for (size_t i = 0; i < sizeof(Word); ++i, ++done) {
      Word byte = negative ? 0xff : 0;
      if (done < count) byte = bytes[little_endian ? done : count - 1 - done];
      limb |= byte << (8 * i);
    }
    result[index] = limb;
  }
  if (negative) {
    mpn_neg(limbs_of(result), limbs_of(result), static_cast<mp_size_t>(limb_count));
  }
  return written(result, limb_count, negative);
}

}  // namespace joist::big
