// Hashing and comparing keys. Most keys are immediates or small tuples of them, and a lookup
// compares a few: those are done in line, the rest by vm/term.
#pragma once

#include "vm/term/compare.h"
#include "vm/term/hamt.h"

namespace joist {

// The hash of a key in a hash table: the same for all keys that are exact_equal().
inline uint32_t ets_hash(Term key) {
  if (!is_tuple(key)) return map_key_hash(key);
  uint64_t hash = tuple_size(key);
  for (const Term element : tuple_elements(key)) {
    hash = (hash ^ map_key_hash(element)) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  return static_cast<uint32_t>(hash);
}

inline bool ets_equal(Term a, Term b) {
  if (!is_tuple(a)) return exact_equal(a, b);
  if (!is_tuple(b) || tuple_size(a) != tuple_size(b)) return false;
  const std::span<const Term> x = tuple_elements(a);
  const std::span<const Term> y = tuple_elements(b);
  for (size_t i = 0; i < x.size(); ++i) {
    if (!exact_equal(x[i], y[i])) return false;
  }
  return true;
}

// The standard order.
inline int ets_compare(Term a, Term b) {
  if (!is_tuple(a) || !is_tuple(b)) {
    // Numbers come before atoms.
    if (a.is_small() && b.is_atom()) return -1;
    if (a.is_atom() && b.is_small()) return 1;
    return compare(a, b);
  }
  if (tuple_size(a) != tuple_size(b)) return tuple_size(a) < tuple_size(b) ? -1 : 1;
  const std::span<const Term> x = tuple_elements(a);
  const std::span<const Term> y = tuple_elements(b);
  for (size_t i = 0; i < x.size(); ++i) {
    const int order = compare(x[i], y[i]);
    if (order != 0) return order;
  }
  return 0;
}

}  // namespace joist
