// The md5 sum that identifies a module: code:module_md5/1.
#pragma once

#include <array>
#include <cstdint>

#include "loader/beam_file.h"

namespace joist {

// Sums up the chunks of `file` that decide what its code does, in OTP's order. The unique numbers
// of the fun table count as zero, because their hash once depended on the machine.
std::array<uint8_t, 16> module_md5(const BeamFile& file);

}  // namespace joist
