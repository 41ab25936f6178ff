// What a piece of work that is done in slices says at the end of one.
#pragma once

#include <cstdint>

namespace joist {

enum class Progress : uint8_t {
  kDone,
  kPaused,   // the budget is used up
  kRefused,  // its input is wrong
};

}  // namespace joist
