// Segments of bit syntax, as the loader encodes and the interpreter decodes them.
#pragma once

#include "vm/code/cell.h"

namespace joist {

// Flags in generic code: OTP's numbers. Threaded code knows 2 and 4 only; native byte order is
// little-endian here.
inline constexpr Word kSegmentLittle = 2;
inline constexpr Word kSegmentSigned = 4;
inline constexpr Word kSegmentNative = 16;

// unit * 16 + flags
constexpr Word segment_flags(Word unit, Word generic_flags) {
  Word flags = generic_flags & (kSegmentLittle | kSegmentSigned);
  if (generic_flags & kSegmentNative) flags |= kSegmentLittle;
  return unit << 4 | flags;
}
constexpr size_t segment_unit(Word flags) { return flags >> 4; }
constexpr bool segment_little(Word flags) { return (flags & kSegmentLittle) != 0; }
constexpr bool segment_signed(Word flags) { return (flags & kSegmentSigned) != 0; }

// In the place of a live count: the instruction must not collect (bs_private_append has none).
inline constexpr Word kNoCollection = 0xffff;

// What is written most, and gathered in a word before that: an integer of a fixed size of 1 to
// this many bits, of whole bytes if it is little-endian.
inline constexpr size_t kShortSegmentBits = 56;

enum class SegmentType : uint8_t {
  kShort,
  kShortLittle,
  kUtf8,
  kUtf16,
  kInteger,  // any other
  kFloat,
  kBinary,
  kBinaryAll,  // size: the atom all
  kAppend,
  kPrivateAppend,
  kString,  // source: address (not a term), size: number of bytes
  kUtf32,
};

// A segment of bs_create_bin is three cells: head, source, size.
//
//   head  | number of the segment in the source code: 16 | flags: 40 | kFixedSegment | type: 7 |
//
// The size of a fixed segment is a number of bits (of a string: of bytes), else a source.
inline constexpr Word kFixedSegment = 0x80;
inline constexpr size_t kSegmentCells = 3;
constexpr Word segment_head(SegmentType type, Word flags, Word number) {
  constexpr Word kMostFlags = (Word{1} << 40) - 1;
  return static_cast<Word>(type) | (flags & kMostFlags) << 8 |
         (number < 0xffff ? number : 0xffff) << 48;
}
constexpr Word segment_head_flags(Word head) { return head << 16 >> 24; }
constexpr size_t segment_head_number(Word head) { return head >> 48; }

}  // namespace joist
