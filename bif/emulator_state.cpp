// Small natives about the state of the emulator: erlang:bump_reductions/1, whether schedulers are
// alive, and questions whose answer is no because Joist has no such part.
#include <algorithm>
#include <vector>

#include "bif/registry.h"
#include "vm/base/config.h"
#include "vm/os/thread.h"
#include "vm/sched/schedulers.h"

namespace joist {

namespace {

Term bump_reductions_1(Process& p, Term count) {
  if (!count.is_small() || count.small_value() < 0) return p.badarg();
  p.charge(std::min<int64_t>(count.small_value(), kReductionsPerSlice));
  return atoms::true_;
}

// Returns when each scheduler has begun another slice or has nothing in its hands: what the heart
// asks before it beats. It waits on a dirty thread, so that it keeps nobody from that.
Term system_check_1(Process& p, Term what) {
  if (!(what == must_atom("schedulers"))) return p.badarg();
  constexpr int64_t kLookNs = 1'000'000;
  Schedulers& schedulers = *p.runtime->schedulers;
  std::vector<uint64_t> turns;
  for (size_t i = 0; i < schedulers.count(); ++i) turns.push_back(schedulers.slot(i).turns.load());
  Parker parker;
  for (size_t i = 0; i < turns.size(); ++i) {
    const Schedulers::Slot& slot = schedulers.slot(i);
    while (slot.running.load() && slot.turns.load() == turns[i]) {
      if ((p.state.load() & process_state::kDoomed) != 0) return atoms::ok;
      parker.park(kLookNs);
    }
  }
  return atoms::ok;
}

// Coverage in native code: cover.erl then instruments modules itself.
Term coverage_support_0(Process&) { return atoms::false_; }

// erl_debugger stops processes at instrumented lines.
Term supported_0(Process&) { return atoms::false_; }

constexpr NativeEntry kEmulatorStateNatives[] = {
    {"code", "coverage_support", native<coverage_support_0>},
    {"erl_debugger", "supported", native<supported_0>},
    {"erlang", "bump_reductions", native<bump_reductions_1>},
    {"erts_internal", "system_check", native<system_check_1>, kDirtyIo},
};

}  // namespace

std::span<const NativeEntry> emulator_state_natives() { return kEmulatorStateNatives; }

}  // namespace joist
