// Natives that hand a call over to a dirty thread, when it would keep the scheduler too long and
// cannot be cut into slices:
//
//   Term native_2(Process& p, Term a, Term b) {
//     if (p.suspended != nullptr) return back_from_dirty(p);
//     if (on_scheduler(p) && is_large(a)) return hand_to_dirty(p, {a, b});
//     ...
//   }
//
// The native runs again there, from its beginning, under the rules of dirty natives
// (vm/proc/native.h). It must not suspend work of its own. Called by an instruction (guards) it
// cannot be handed over.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "vm/heap/copy.h"
#include "vm/proc/process.h"

namespace joist {

// What a native did on a dirty thread, brought to its stub. A scheduler may be looking at the
// process' stack until the dirty thread has let go of it, so nothing but this changes before. No
// collection comes between.
struct KeptOutcome final : SuspendedNative {
  Term value;
  NativeOutcome outcome;
  uint64_t reductions = 0;
  std::vector<Term> trap_arguments;
};

// Work of an instruction that a dirty thread is to do (vm/exec/long_instruction.h), and what it has
// made. The process stands at the instruction, not at the stub of a native.
struct DirtyInstruction : SuspendedNative {
  virtual void run(Process& p) = 0;
};

// A copy of a large term that a dirty thread has made for the native, which goes on with it on its
// scheduler:
//
//   if (!on_scheduler(p)) return keep_copy(p, new_signal_of(...));
//   OwnedSignal copy;
//   if (p.suspended != nullptr) copy = take_copy(p);
//   else if (is_large(a)) return hand_to_dirty(p, {a, b});
struct SignalRelease {
  void operator()(Signal* signal) const { release_signal(signal); }
};
using OwnedSignal = std::unique_ptr<Signal, SignalRelease>;

struct KeptCopy final : SuspendedNative {
  explicit KeptCopy(Signal* made) : copy(made) {}
  OwnedSignal copy;
};

inline Term keep_copy(Process& p, Signal* copy) {
  p.suspended = std::make_unique<KeptCopy>(copy);
  p.outcome = NativeOutcome::kDirty;
  return Term::none();
}
inline OwnedSignal take_copy(Process& p) { return std::move(p.resume<KeptCopy>()->copy); }

inline bool on_scheduler(const Process& p) { return p.registers->thread == ThreadKind::kScheduler; }

inline Term hand_to_dirty(Process& p, std::initializer_list<Term> arguments) {
  std::copy(arguments.begin(), arguments.end(), p.registers->x);
  p.outcome = NativeOutcome::kDirty;
  return Term::none();
}

// The process has a KeptOutcome: does what the native did.
inline Term back_from_dirty(Process& p) {
  const auto kept = p.resume<KeptOutcome>();
  p.reductions_done += kept->reductions;
  p.outcome = kept->outcome;
  if (kept->value.is_none() && kept->outcome == NativeOutcome::kTrap) {
    std::copy(kept->trap_arguments.begin(), kept->trap_arguments.end(), p.registers->x);
    p.live = static_cast<uint32_t>(kept->trap_arguments.size());
  }
  if (kept->value.is_none() && kept->outcome == NativeOutcome::kExit) {
    p.run_outcome = RunOutcome::kExited;
  }
  return kept->value;
}

// For natives that go on with nothing of their own when they are called again.
inline Term hand_over(Process& p, std::initializer_list<Term> arguments) {
  return p.suspended != nullptr ? back_from_dirty(p) : hand_to_dirty(p, arguments);
}

}  // namespace joist
