#include "bif/microstates.h"

#include <vector>

#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/os/microstates.h"
#include "vm/sched/system_flags.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

// OTP also has an auxiliary thread, which Joist has not, and threads for drivers' jobs.
constexpr const char* kKinds[] = {"scheduler", "dirty_cpu_scheduler", "dirty_io_scheduler", "poll"};
constexpr const char* kStates[kMicrostates] = {"aux",   "check_io", "emulator", "gc",
                                               "other", "port",     "sleep"};

Microstates* microstates(Process& p) { return system_flags(p)->microstates.get(); }

}  // namespace

Term microstate_figures(Process& p) {
  if (microstates(p) == nullptr) return Term::nil();
  ListBuilder list(p.heap);
  for (const Microstates::Figures& thread : microstates(p)->figures()) {
    std::vector<Term> counters;
    for (size_t i = 0; i < kMicrostates; ++i) {
      counters.push_back(must_atom(kStates[i]));
      counters.push_back(make_integer(p.heap, thread.ns[i]));
    }
    const Term pairs[] = {must_atom("type"), must_atom(kKinds[static_cast<size_t>(thread.kind)]),
                          atoms::id,         Term::small(thread.id),
                          atoms::counters,   make_map(p.heap, counters)};
    list.add(make_map(p.heap, pairs));
  }
  return list.finish();
}

Term set_microstate_accounting(Process& p, Term value) {
  const bool resets = value == must_atom("reset");
  if (!resets && value != atoms::true_ && value != atoms::false_) return p.badarg();
  Microstates* states = microstates(p);
  if (states == nullptr) return atoms::false_;
  const bool before = resets ? states->reset() : states->measure(value == atoms::true_);
  return before ? atoms::true_ : atoms::false_;
}

}  // namespace joist
