// Instructions that may take longer than others can wait: they leave in the middle, keep in
// Process::suspended how far they are, and begin again where the process goes on, which is when
// they find it there.
//
//   int order;
//   if (!compare_or_leave(s, Comparison::kOrder, a, b, &order)) return Flow::kLeave;
//
// Comparisons take as many slices as they need. What cannot be cut goes to a dirty thread, as
// natives do (vm/sched/dirty_call.h).
//
// Few instructions know which registers are live, so all are kept, among them some that hold no
// term any more. Nothing looks at them: what is suspended is not collected. No float register is
// live at a comparison or an operator.
//
// An instruction that leaves must have changed nothing, and its fast half must not succeed the
// second time.
#pragma once

#include "vm/exec/machine.h"
#include "vm/heap/arith.h"
#include "vm/sched/dirty_call.h"
#include "vm/term/compare_steps.h"

namespace joist {

// Ends the slice, or goes to a dirty thread, within the instruction at s.pc; p.suspended is set.
[[gnu::always_inline]] inline Flow leave_within(State& s, RunOutcome outcome) {
  s.save();
  Process& p = s.process();
  p.live = kXRegisters;
  p.run_outcome = outcome;
  return Flow::kLeave;
}

// The comparison of two pointers; others are never long. False: leave.
// Out of line is only what needs no State: one whose address is given away lives in memory.
bool compare_for_slice(Process& p, Comparison what, Term a, Term b, int* order,
                       int64_t* reductions);
[[gnu::always_inline]] inline bool compare_or_leave(State& s, Comparison what, Term a, Term b,
                                                    int* order) {
  int found;
  int64_t reductions = s.reductions;
  const bool done = compare_for_slice(s.process(), what, a, b, &found, &reductions);
  s.reductions = reductions;
  *order = found;
  if (!done) [[unlikely]]
    leave_within(s, RunOutcome::kYielded);
  return done;
}

// A multiplication or division, which is charged for. save() was done. False: leave.
using ArithOperator = ArithResult(Allocator&, Term, Term);
bool compute_or_leave(State& s, ArithOperator* operation, Term a, Term b, ArithResult* result);

// `Work` is called with the process on a dirty thread, whose registers and stack are as they were
// on the scheduler, and keeps what it has made.
template <typename Work>
struct DirtyWork final : DirtyInstruction {
  explicit DirtyWork(Work given) : work(std::move(given)) {}
  void run(Process& p) override { work(p); }
  Work work;
};

template <typename Work>
Flow leave_for_dirty(State& s, Work work) {
  s.process().suspended = std::make_unique<DirtyWork<Work>>(std::move(work));
  return leave_within(s, RunOutcome::kDirty);
}
// What has come back; call it where p.suspended is set.
template <typename Work>
Work take_from_dirty(Process& p) {
  return std::move(p.resume<DirtyWork<Work>>()->work);
}

}  // namespace joist
