// Arithmetic on number terms of any size, the slow path behind the interpreter's operators and
// the whole of erlang:'+'/2 and its kin. Results are normalised: a small where it fits.
#pragma once

#include "vm/heap/allocator.h"

namespace joist {

enum class ArithStatus : uint8_t {
  kOk,
  kBadArith,     // an operand is no number (no integer), division by zero, float overflow
  kSystemLimit,  // the result has more limbs than term_rules().max_big_limbs
};

struct ArithResult {
  Term value;  // none() unless kOk
  ArithStatus status;
};

ArithResult arith_add(Allocator& heap, Term a, Term b);
ArithResult arith_subtract(Allocator& heap, Term a, Term b);
ArithResult arith_multiply(Allocator& heap, Term a, Term b);
ArithResult arith_divide(Allocator& heap, Term a, Term b);          // '/'
ArithResult arith_integer_divide(Allocator& heap, Term a, Term b);  // div
ArithResult arith_remainder(Allocator& heap, Term a, Term b);       // rem
ArithResult arith_negate(Allocator& heap, Term a);
ArithResult arith_band(Allocator& heap, Term a, Term b);
ArithResult arith_bor(Allocator& heap, Term a, Term b);
ArithResult arith_bxor(Allocator& heap, Term a, Term b);
ArithResult arith_bnot(Allocator& heap, Term a);
ArithResult arith_shift_left(Allocator& heap, Term a, Term b);   // bsl; negative shifts right
ArithResult arith_shift_right(Allocator& heap, Term a, Term b);  // bsr
ArithResult arith_absolute(Allocator& heap, Term a);
// Integer nearest to a float (round), towards zero (trunc), down (floor), up (ceil).
ArithResult arith_round(Allocator& heap, Term a);
ArithResult arith_trunc(Allocator& heap, Term a);
ArithResult arith_floor(Allocator& heap, Term a);
ArithResult arith_ceil(Allocator& heap, Term a);
// Any number as a double; false: not a number, or an integer beyond the range of doubles.
bool number_to_double(Term number, double* value);

// An integer from its two's complement or magnitude bytes, as bit syntax and the external
// format have them; none() when it has more limbs than term_rules().max_big_limbs.
Term make_integer_from_bytes(Allocator& heap, const uint8_t* bytes, size_t count, bool is_signed,
                             bool little_endian);
Term make_integer_from_magnitude(Allocator& heap, const uint8_t* little_endian_bytes, size_t count,
                                 bool negative);
// From limbs, least significant first; leading zeros are allowed.
Term make_integer_from_limbs(Allocator& heap, const Word* limbs, size_t count, bool negative);
// And back: the low 8 * count bits of the integer's two's complement.
void integer_to_bytes(Term integer, uint8_t* bytes, size_t count, bool little_endian);

// What an operator on these costs in reductions, beyond what a call costs: nothing unless one is
// a bignum. Multiplication and the two divisions take more than time linear in the sizes.
int64_t arith_linear_cost(Term a, Term b);
int64_t arith_product_cost(Term a, Term b);

}  // namespace joist
