// Integer arithmetic on limb spans, over GMP's mpn functions. Nothing here allocates: results go
// to room that the caller provides, usually words just reserved on a process heap.
//
// A Number is sign and magnitude: limbs least significant first, no leading zero limb. Zero has
// no limbs and is not negative. The limbs may lie in a term (of_term) or anywhere else.
//
// Each operation says how many limbs of room its result needs; the result may be shorter. It
// must not overlap an operand unless the comment says so.
#pragma once

#include "vm/term/boxed.h"

namespace joist::big {

inline constexpr size_t kLimbBits = 64;

struct Number {
  const Word* limbs;
  size_t count;
  bool negative;

  bool is_zero() const { return count == 0; }
};

// What an operation wrote: the magnitude's length without leading zeros, and the sign.
struct Written {
  size_t count;
  bool negative;
};

inline Word magnitude(int64_t value) {
  return value < 0 ? Word{0} - static_cast<Word>(value) : static_cast<Word>(value);
}

// The number that an integer term stands for; a small's limb is put into *storage.
inline Number of_term(Term integer, Word* storage) {
  if (integer.is_small()) {
    int64_t value = integer.small_value();
    *storage = magnitude(value);
    return {storage, value != 0, value < 0};
  }
  std::span<const Word> limbs = big_limbs(integer);
  return {limbs.data(), limbs.size(), big_is_negative(integer)};
}

inline size_t trimmed(const Word* limbs, size_t count) {
  while (count > 0 && limbs[count - 1] == 0) --count;
  return count;
}

// Bits of the magnitude; 0 for zero.
inline size_t bit_length(Number n) {
  if (n.count == 0) return 0;
  return n.count * kLimbBits - static_cast<size_t>(std::countl_zero(n.limbs[n.count - 1]));
}

// Negative, zero, positive: order of the magnitudes, or of the values.
int compare_magnitudes(Number a, Number b);
int compare(Number a, Number b);

Written add(Word* result, Number a, Number b);       // max(a, b) + 1 limbs
Written subtract(Word* result, Number a, Number b);  // max(a, b) + 1 limbs
Written multiply(Word* result, Number a, Number b);  // a + b limbs

// Truncating division: a = quotient * b + remainder, the remainder's sign is a's.
// Preconditions: b is not zero, a.count >= b.count.
// quotient: a - b + 1 limbs; remainder: b limbs. Both are always written.
struct Divided {
  Written quotient;
  Written remainder;
};
Divided divide(Word* quotient, Word* remainder, Number a, Number b);

// |a| modulo a limb that is not zero.
Word remainder_by_limb(Number a, Word divisor);

// Bitwise operations on two's complement of unlimited width: max(a, b) + 1 limbs.
Written bit_and(Word* result, Number a, Number b);
Written bit_or(Word* result, Number a, Number b);
Written bit_xor(Word* result, Number a, Number b);

// a * 2^bits: a.count + bits / 64 + 1 limbs.
Written shift_left(Word* result, Number a, size_t bits);
// Floor of a / 2^bits: a.count - bits / 64 + 1 limbs; bits < 64 * a.count.
Written shift_right(Word* result, Number a, size_t bits);

// The nearest double, ties to even. False: beyond the range of doubles.
bool to_double(Number n, double* value);
// The double that ERTS before OTP 29 makes: one rounding a limb, so it may be off by a unit.
bool to_double_by_limbs(Number n, double* value);

inline constexpr size_t kMaxDoubleLimbs = 16;
// A double without fraction: kMaxDoubleLimbs of room.
Written from_double(Word* result, double integral);

// The low 8 * count bits of n's two's complement.
void to_bytes(Number n, uint8_t* bytes, size_t count, bool little_endian);
// (count + 7) / 8 limbs.
Written from_bytes(Word* result, const uint8_t* bytes, size_t count, bool is_signed,
                   bool little_endian);

}  // namespace joist::big
