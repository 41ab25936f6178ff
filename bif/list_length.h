// The length of a list in slices, for natives that must know it before they begin.
#pragma once

#include "vm/base/progress.h"
#include "vm/term/term.h"

namespace joist {

// Refuses what is no proper list.
struct ListLength {
  explicit ListLength(Term list) : rest(list) {}

  Progress run(int64_t* budget) {
    int64_t left = *budget;
    for (; rest.is_list() && left > 0; rest = rest.tail()) {
      --left;
      ++length;
    }
    *budget = left;
    if (rest.is_list()) return Progress::kPaused;
    return rest.is_nil() ? Progress::kDone : Progress::kRefused;
  }

  Term rest;
  size_t length = 0;
};

}  // namespace joist
