// The compact numbers of the .beam format: a three-bit tag and a number.
//
//   NNNN 0 TTT                      0 .. 15
//   NNN0 1 TTT  NNNNNNNN            0 .. 2047
//   LLL1 1 TTT  LLL+2 bytes         LLL < 7: 2 .. 8 bytes, big-endian
//   1111 1 TTT  length  length+9 bytes, where length is such a number itself with tag 0
//
// Only tag 1 (integers) is signed, and only from two bytes on.
#pragma once

#include <cstdint>

#include "vm/base/bytes.h"

namespace joist {

enum class Tag : uint8_t {
  kUnsigned = 0,
  kInteger = 1,
  kAtom = 2,
  kX = 3,
  kY = 4,
  kLabel = 5,
  kCharacter = 6,
  kExtended = 7,
};

struct TaggedNumber {
  Tag tag = Tag::kUnsigned;
  int64_t value = 0;  // of tags other than integer: an unsigned number's 64 bits
  ByteSpan wide;      // not empty: the number does not fit in `value`; these are its bytes

  bool fits() const { return wide.empty(); }
  // A number of that tag in 0 .. limit - 1.
  bool is_below(Tag other, uint64_t limit) const {
    return tag == other && fits() && static_cast<uint64_t>(value) < limit;
  }
};

// Fails the reader on a malformed number.
TaggedNumber read_tagged(ByteReader& reader);

}  // namespace joist
