// One segment of a bitstring under construction: how many bits it takes, how it is written, and
// what is told when it cannot be.
#pragma once

#include "vm/code/segment.h"
#include "vm/exec/machine.h"
#include "vm/heap/bit_syntax.h"

namespace joist {

inline constexpr size_t kMaxBuildBits = size_t{1} << 45;

// What can be wrong with a segment or a size, as error reasons.
enum class BuildStatus : uint8_t { kOk, kBadArg, kSystemLimit };

// Why a segment cannot be built: reason, and the `cause` of its error_info. Filled in only where
// something is wrong; what is usual hands out no struct.
struct BuildFault {
  BuildStatus status;
  Term type;  // none(): the error has no error_info
  Term what;
  Term value;
  size_t segment;  // from 1 on
};

struct Segment {
  SegmentType type;
  Word flags;
  Term value;
  Term size;
  const uint8_t* string;
  size_t string_bytes;
};

// size * unit, or what is wrong with the size.
BuildStatus scaled_size(Term size, size_t unit, size_t* bits);

// Bits the segment takes; checks what the size depends on, not the value's type. False: *fault is
// set, but for its segment.
bool measure(const Segment& segment, size_t* bits, BuildFault* fault);
// Writes one segment of `bits` bits; false likewise.
bool write(BitWriter& writer, const Segment& segment, size_t bits, BuildFault* fault);

// Raises what is wrong. save() was done.
Flow raise_fault(Process& p, const BuildFault& fault);

}  // namespace joist
