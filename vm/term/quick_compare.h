// Comparisons that few words decide: those on the way down to the first difference, through tuples
// and lists. It needs no stack: what lies behind that difference matters only where it turns out
// to be none, and then the answer is left to the walks of compare.cpp and equal.cpp.
#pragma once

#include "vm/term/boxed.h"

namespace joist {

enum class QuickAnswer : uint8_t {
  kSame,
  kLeaves,   // a and b are the first words that differ, and no two lists or tuples of one size
  kUnknown,  // further than is looked
};

// The words differ.
struct QuickComparison {
  QuickComparison(Term first, Term second) : a(first), b(second) {}

  Term a;
  Term b;
  bool has_more = false;  // behind a and b
  size_t words_left = 64;

  [[gnu::always_inline]] QuickAnswer run() {
    for (;;) {
      QuickAnswer answer = QuickAnswer::kLeaves;
      if (a.is_list() && b.is_list()) {
        if (!step_list(&answer)) return answer;
      } else if (a.is_boxed() && b.is_boxed()) {
        if (!step_tuple(&answer)) return answer;
      } else {
        return answer;
      }
    }
  }

 private:
  QuickAnswer nothing_found() const {
    return has_more ? QuickAnswer::kUnknown : QuickAnswer::kSame;
  }

  // False: that is the end of it. True: a and b are what to go on with.
  [[gnu::always_inline]] bool step_list(QuickAnswer* answer) {
    do {
      const Term left = a.head();
      const Term right = b.head();
      const Term left_tail = a.tail();
      const Term right_tail = b.tail();
      if (left != right) {
        has_more |= left_tail != right_tail;
        a = left;
        b = right;
        return true;
      }
      if (left_tail == right_tail) {
        *answer = nothing_found();
        return false;
      }
      a = left_tail;
      b = right_tail;
      if (--words_left == 0) {
        *answer = QuickAnswer::kUnknown;
        return false;
      }
    } while (a.is_list() && b.is_list());
    return true;
  }

  [[gnu::always_inline]] bool step_tuple(QuickAnswer* answer) {
    const Word header = a.header();
    if (header != b.header() || header_kind(header) != Boxed::kTuple) return false;
    const size_t size = header_words(header);
    if (size >= words_left) {
      *answer = QuickAnswer::kUnknown;
      return false;
    }
    words_left -= size;
    const Term* left = term_words(object_words(a));
    const Term* right = term_words(object_words(b));
    size_t i = 0;
    while (i < size && left[i] == right[i]) ++i;
    if (i == size) {
      *answer = nothing_found();
      return false;
    }
    has_more |= i + 1 < size;
    a = left[i];
    b = right[i];
    return true;
  }
};

}  // namespace joist
