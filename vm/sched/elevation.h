// Bits of Process::state beside those of process_state: somebody of that priority waits for an
// answer, and until the process has handled its signals it is queued as if the priority was its
// own.
#pragma once

#include <cstdint>

namespace joist::process_state {

inline constexpr uint32_t kElevatedHigh = 64;
inline constexpr uint32_t kElevatedMax = 128;
inline constexpr uint32_t kElevated = kElevatedHigh | kElevatedMax;

}  // namespace joist::process_state
