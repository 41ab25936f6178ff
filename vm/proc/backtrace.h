// How deep stack traces go.
#pragma once

#include <cstddef>

namespace joist {

// At most this many entries, as `erlang:system_flag(backtrace_depth, 8)`.
inline constexpr size_t kBacktraceDepth = 8;

}  // namespace joist
