// Small natives about the state of the emulator: erlang:bump_reductions/1, and questions whose
// answer is no because Joist has no such part.
#include <algorithm>

#include "bif/registry.h"
#include "vm/base/config.h"

namespace joist {

namespace {

Term bump_reductions_1(Process& p, Term count) {
  if (!count.is_small() || count.small_value() < 0) return p.badarg();
  p.charge(std::min<int64_t>(count.small_value(), kReductionsPerSlice));
  return atoms::true_;
}

// Coverage in native code: cover.erl then instruments modules itself.
Term coverage_support_0(Process&) { return atoms::false_; }

// erl_debugger stops processes at instrumented lines.
Term supported_0(Process&) { return atoms::false_; }

constexpr NativeEntry kEmulatorStateNatives[] = {
    {"code", "coverage_support", native<coverage_support_0>},
    {"erl_debugger", "supported", native<supported_0>},
    {"erlang", "bump_reductions", native<bump_reductions_1>},
};

}  // namespace

std::span<const NativeEntry> emulator_state_natives() { return kEmulatorStateNatives; }

}  // namespace joist
