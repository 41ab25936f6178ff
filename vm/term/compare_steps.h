// Comparisons in steps, for callers that others wait for:
//
//   int64_t budget = 1000;               // about as many pairs of terms
//   int order;
//   std::unique_ptr<PausedComparison> paused;
//   bool done = compare_some(Comparison::kOrder, a, b, &budget, &order, &paused);
//   while (!done) { ...others...; budget = 1000; done = paused->go_on(&budget, &order); }
//
// A budget is at least 2. The terms must not move meanwhile. What ends within its budget allocates
// nothing but what any comparison does.
#pragma once

#include <memory>

#include "vm/term/term.h"

namespace joist {

enum class Comparison : uint8_t {
  kExactlyEqual,  // =:=
  kEqual,         // ==
  kOrder,
  kExactOrder,  // compare_exact()
};

class PausedComparison {
 public:
  PausedComparison() = default;
  virtual ~PausedComparison() = default;
  PausedComparison(const PausedComparison&) = delete;
  PausedComparison& operator=(const PausedComparison&) = delete;

  virtual bool go_on(int64_t* budget, int* order) = 0;
};

// True: *order is negative, zero or positive; of equality, it only tells whether it is zero. False:
// *paused goes on with it.
bool compare_some(Comparison what, Term a, Term b, int64_t* budget, int* order,
                  std::unique_ptr<PausedComparison>* paused);

// Its part for kExactlyEqual (vm/term/equal.cpp).
bool exact_equal_some(Term a, Term b, int64_t* budget, int* order,
                      std::unique_ptr<PausedComparison>* paused);

// Bitstrings of more bits are compared in pieces of as many.
inline constexpr size_t kBitsAtOnce = size_t{512} << 10;
// What a piece takes of a budget.
inline constexpr int64_t kStepsPerPiece = kBitsAtOnce / 8 / 64;
// Elements of arrays that are looked at in one go, and how many of them are a step.
inline constexpr size_t kElementsAtOnce = 1024;
inline constexpr size_t kElementsPerStep = 8;

}  // namespace joist
