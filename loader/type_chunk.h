// The Type chunk: what the compiler knows of registers' values. Four versions are read, all into
// the numbering of OTP 29 (see TypeBits in loader/beam_file.h):
//
//   1 (OTP 25)      kinds:16, min:64, max:64 (no range if min > max); bit 2 of kinds is a match
//                   context, which later versions count as a bitstring
//   2 (OTP 26)      kinds:16 with the flags "has min", "has max", "has unit" in bits 13 to 15,
//                   then what is flagged: min:64, max:64, unit - 1:8; bit 2 as in version 1
//   3 (OTP 26 - 28) the same without the bit of the match context, so flags in bits 12 to 14
//   4 (OTP 29)      kinds has a bit 12 for native records, flags in bits 13 to 15
//
// A chunk of another version, or none, gives the single entry "any".
#pragma once

#include "loader/beam_file.h"
#include "vm/base/bytes.h"
#include "vm/base/result.h"

namespace joist {

Result<void> parse_types(BeamFile& file, ByteSpan chunk);

}  // namespace joist
