// Integers of C's sizes as natives take them. False: no integer, or one that does not fit.
#pragma once

#include <limits>

#include "vm/term/boxed.h"

namespace joist {

inline bool to_int64(Term term, int64_t* value) {
  if (term.is_small()) {
    *value = term.small_value();
    return true;
  }
  if (!is_big(term) || big_limbs(term).size() != 1) return false;
  const Word magnitude = big_limbs(term)[0];
  constexpr Word kMinimum = Word{1} << 63;
  const bool negative = big_is_negative(term);
  *value = static_cast<int64_t>(negative ? Word{0} - magnitude : magnitude);
  return negative ? magnitude <= kMinimum : magnitude < kMinimum;
}

inline bool to_uint64(Term term, uint64_t* value) {
  if (term.is_small()) {
    *value = static_cast<uint64_t>(term.small_value());
    return term.small_value() >= 0;
  }
  if (!is_big(term) || big_is_negative(term) || big_limbs(term).size() != 1) return false;
  *value = big_limbs(term)[0];
  return true;
}

// Of any narrower type.
template <typename Integer>
bool to_narrow(Term term, Integer* value) {
  if (!term.is_small()) return false;
  const int64_t wide = term.small_value();
  if (wide < std::numeric_limits<Integer>::min() || wide > std::numeric_limits<Integer>::max()) {
    return false;
  }
  *value = static_cast<Integer>(wide);
  return true;
}

}  // namespace joist
