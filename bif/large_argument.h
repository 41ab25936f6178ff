// Terms that take long to hash, compare or copy, which is left to a dirty thread
// (vm/sched/dirty_call.h):
//
//   if (is_dirty_call(p, {key})) return hand_over(p, {id, key});
#pragma once

#include <algorithm>

#include "vm/sched/dirty_call.h"
#include "vm/term/bits.h"

namespace joist {

// Told at a glance: not large. Most keys are atoms, numbers, short texts or tuples of them, and
// looking one up takes not much longer than to measure it would.
inline bool is_small_leaf(Term term) {
  constexpr size_t kFewWords = 64;
  if (!term.is_pointer()) return true;
  if (!term.is_boxed()) return false;
  const Word header = term.header();
  return kind_info(header_kind(header)).raw_words == kAllRaw && header_words(header) <= kFewWords;
}
inline bool is_plainly_small(Term term) {
  constexpr size_t kFew = 32;
  size_t seen = 0;
  for (; term.is_list(); term = term.tail()) {
    if (++seen > kFew || !is_small_leaf(term.head())) return false;
  }
  if (!is_tuple(term)) return is_small_leaf(term);
  if (tuple_size(term) > kFew) return false;
  for (const Term element : tuple_elements(term)) {
    if (!is_small_leaf(element)) return false;
  }
  return true;
}

// Whether it is too large for the scheduler that the native runs on.
inline bool is_for_dirty(const Process& p, Term term) {
  return !is_plainly_small(term) && on_scheduler(p) && is_larger_than(term, kLargeTermWords);
}

// Whether the native is to run on a dirty thread, as one of these is too large, or has run there.
inline bool is_dirty_call(const Process& p, std::initializer_list<Term> terms) {
  return p.suspended != nullptr ||
         std::ranges::any_of(terms, [&p](Term term) { return is_for_dirty(p, term); });
}

}  // namespace joist
