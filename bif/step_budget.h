// How natives that walk over terms or bytes of the caller's length account for it: so many steps
// are worth one reduction.
//
//   StepBudget budget(p, kCellsPerReduction);
//   for (...) {
//     if (!budget.spend()) return p.yield({rest...});
//     ...
//   }
#pragma once

#include <algorithm>

#include "vm/base/progress.h"
#include "vm/proc/native.h"

namespace joist {

// Steps over list cells that take about as long as one call of an Erlang function.
inline constexpr int64_t kCellsPerReduction = 16;

class StepBudget {
 public:
  explicit StepBudget(Process& p, int64_t steps_per_reduction = kCellsPerReduction,
                      int64_t most_steps = INT64_MAX)
      : process_(p),
        steps_per_reduction_(steps_per_reduction),
        granted_(std::min(most_steps, (p.reductions > 1 ? p.reductions : 1) * steps_per_reduction)),
        left_(granted_) {}
  ~StepBudget() { process_.charge((granted_ - left_) / steps_per_reduction_); }
  StepBudget(const StepBudget&) = delete;
  StepBudget& operator=(const StepBudget&) = delete;

  // One step; false: the slice is used up, and it is time to yield.
  bool spend() { return --left_ > 0; }
  // For what does its own counting.
  int64_t& left() { return left_; }

 private:
  Process& process_;
  int64_t steps_per_reduction_;
  int64_t granted_;
  int64_t left_;
};

// Length of a proper list, its walk charged; nullopt: not a proper list.
inline std::optional<size_t> charged_list_length(Process& p, Term list) {
  size_t length = 0;
  for (; list.is_list(); list = list.tail()) ++length;
  p.charge(static_cast<int64_t>(length) / kCellsPerReduction);
  if (!list.is_nil()) return std::nullopt;
  return length;
}

}  // namespace joist
