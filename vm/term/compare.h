// Equality and order of terms, iterative (a list nested ten million deep needs no native
// stack). The order is OTP's:
//   number < atom < reference < fun < port < pid < tuple < [native record <] map < nil < list
//   < bitstring
#pragma once

#include "vm/term/boxed.h"

namespace joist {

// =:=
bool exact_equal_slow(Term a, Term b);
inline bool exact_equal(Term a, Term b) {
  if (a == b) return true;
  if (!a.is_pointer() || !b.is_pointer()) {
    // An immediate equals a pointer only as 0.0 and -0.0 before OTP 27.
    return (a.is_word_float() || b.is_word_float()) && exact_equal_slow(a, b);
  }
  return exact_equal_slow(a, b);
}

// Negative, zero, positive: the standard order (1 == 1.0).
int compare_slow(Term a, Term b);
inline int compare(Term a, Term b) {
  if (a == b) return 0;
  if (Term::both_small(a, b)) return a.small_value() < b.small_value() ? -1 : 1;
  return compare_slow(a, b);
}
// ==
bool equal_slow(Term a, Term b);
inline bool equal(Term a, Term b) {
  if (a == b) return true;
  if (Term::both_small(a, b)) return false;
  return equal_slow(a, b);
}

// The exact order, in which integers sort before floats (1 < 1.0): the order of map keys in a
// flat map before OTP 26, of map keys when maps are compared, and of erts_internal:cmp_term/2.
int compare_exact(Term a, Term b);
// The order of keys in a flat map of the release at hand (term_rules()).
int compare_flatmap_keys(Term a, Term b);

}  // namespace joist
