// What a piece of work that is done in slices says at the end of one. What its budget counts are
// steps: elements that are looked at, or a few bytes.
#pragma once

#include <cstdint>

namespace joist {

// Bytes that are copied or summed up in the time of one step.
inline constexpr int64_t kBytesPerStep = 16;

enum class Progress : uint8_t {
  kDone,
  kPaused,   // the budget is used up
  kRefused,  // its input is wrong
};

}  // namespace joist
