// Natives whose work may take longer than a slice:
//
//   struct Work {                        // movable
//     Progress run(int64_t* budget);     // spends steps (kCellsPerReduction make a reduction)
//   };
//
//   return in_slices<Work>(p, {a, b}, [&] { return Work(a, b); },
//                          [&](Work& work) { return work.result(); });
//
// Work that one slice suffices for stays on the native stack. See vm/proc/suspended.h for what
// holds between slices.
#pragma once

#include <memory>
#include <utility>

#include "bif/step_budget.h"
#include "vm/base/progress.h"

namespace joist {

template <typename Work>
struct SuspendedWork final : SuspendedNative {
  explicit SuspendedWork(Work&& begun) : work(std::move(begun)) {}
  Work work;
};

inline Term refuse_argument(Process& p) { return p.badarg(); }

// `begin` makes the work of a new call, `finish` the result, `refuse` the error of work that is
// refused. A slice takes `most_steps`, if its reductions suffice for more.
template <typename Work, typename Begin, typename Finish>
Term in_slices(Process& p, std::initializer_list<Term> arguments, Begin begin, Finish finish,
               Term (*refuse)(Process&) = refuse_argument, int64_t most_steps = INT64_MAX) {
  StepBudget budget(p, kCellsPerReduction, most_steps);
  if (std::unique_ptr<SuspendedWork<Work>> suspended = p.resume<SuspendedWork<Work>>()) {
    const Progress progress = suspended->work.run(&budget.left());
    if (progress == Progress::kPaused) return p.suspend(std::move(suspended), arguments);
    return progress == Progress::kDone ? finish(suspended->work) : refuse(p);
  }
  Work work = begin();
  const Progress progress = work.run(&budget.left());
  if (progress == Progress::kPaused) {
    return p.suspend(std::make_unique<SuspendedWork<Work>>(std::move(work)), arguments);
  }
  return progress == Progress::kDone ? finish(work) : refuse(p);
}

// How many of `count` bytes to handle next, which are spent; at least a few.
inline size_t take_bytes(size_t count, int64_t* budget) {
  constexpr int64_t kFewest = 64;
  const auto limit = static_cast<size_t>((*budget > kFewest ? *budget : kFewest) * kBytesPerStep);
  const size_t taken = count < limit ? count : limit;
  *budget -= static_cast<int64_t>(taken) / kBytesPerStep + 1;
  return taken;
}

}  // namespace joist
