// The stack of a walk in lockstep over two terms: pairs still to be looked at, and under an
// operation word pairs of arrays of terms, or of long bitstrings. Pairs of the same word are equal
// and are not kept.
#pragma once

#include <algorithm>

#include "vm/term/compare_steps.h"
#include "vm/term/word_stack.h"

namespace joist {

class PairStack : public WordStack {
 public:
  // Codes of operations; the argument: how many elements an array has, from which bit on a
  // bitstring is to be looked at. A walk's own come behind.
  enum : unsigned { kArray, kBits, kFirstOwn };

  void push_pair(Term a, Term b) {
    if (a == b) return;
    push(b);
    push(a);
  }
  void push_array(const Term* a, const Term* b, size_t count) {
    if (count == 0) return;
    push(b);
    push(a);
    push(operation(kArray, count));
  }
  void push_bits(Term a, Term b, size_t done) {
    push(b);
    push(a);
    push(operation(kBits, done));
  }

  // Takes an array with its operation word popped and puts back what is behind the pair found.
  // False: there was none in as many elements as are looked at in one go.
  bool take_pair_of_array(size_t count, int64_t* budget, Term* a, Term* b) {
    const Term* left = pop_place();
    const Term* right = pop_place();
    const size_t reach = std::min(count, kElementsAtOnce);
    size_t i = 0;
    while (i < reach && left[i] == right[i]) ++i;
    *budget -= static_cast<int64_t>(i / kElementsPerStep);
    const bool found = i < reach;
    if (found) {
      *a = left[i];
      *b = right[i];
      ++i;
    }
    push_array(left + i, right + i, count - i);
    return found;
  }
};

}  // namespace joist
