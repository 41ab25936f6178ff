// How deep stack traces go.
#pragma once

#include <cstddef>

namespace joist {

// At most this many entries, unless erlang:system_flag(backtrace_depth, _) says otherwise, and
// never more than the second, as in OTP.
inline constexpr size_t kBacktraceDepth = 8;
inline constexpr size_t kMaxBacktraceDepth = 64;

}  // namespace joist
