// Comparisons of natives and instructions that give up the scheduler in between.
#pragma once

#include <algorithm>

#include "vm/proc/process.h"
#include "vm/term/compare_steps.h"

namespace joist {

struct SuspendedComparison final : SuspendedNative {
  std::unique_ptr<PausedComparison> rest;
};

// Begins a comparison, or goes on with the one in p.suspended, as long as `reductions` last, which
// it is charged for. False: p.suspended goes on with it.
inline bool compare_in_slice(Process& p, Comparison what, Term a, Term b, int* order,
                             int64_t* reductions) {
  constexpr int64_t kStepsPerReduction = 16;
  constexpr int64_t kFewestReductions = 100;  // for what begins where a slice ends
  constexpr int64_t kStressSteps = 50;
  const int64_t granted = p.registers->gc_stress
                              ? kStressSteps
                              : std::max(*reductions, kFewestReductions) * kStepsPerReduction;
  int64_t budget = granted;
  auto job = p.resume<SuspendedComparison>();
  bool done;
  if (job != nullptr) [[unlikely]] {
    done = job->rest->go_on(&budget, order);
  } else {
    std::unique_ptr<PausedComparison> rest;
    done = compare_some(what, a, b, &budget, order, &rest);
    if (!done) {
      job = std::make_unique<SuspendedComparison>();
      job->rest = std::move(rest);
    }
  }
  *reductions -= (granted - budget) / kStepsPerReduction;
  if (!done) p.suspended = std::move(job);
  return done;
}

}  // namespace joist
