// Off-heap buffers, and appending to them in place.
//
//   Binary   | reference_count | destroy | capacity | used bits | bytes -> | bytes...
//
// Compiled code that builds a binary by appending (`<<Acc/bits, X>>`) would be quadratic if each
// step copied. So a buffer made by append_bits has room behind the bits in use:
//
//   bytes    |######## used ########|........ room ........|
//            |<- view A ->|         |
//            |<------ view B ------>|
//
// Whoever appends to a view that ends exactly at `used` (B, not A) may write behind it: no view
// sees those bits. Moving `used` by compare-and-swap claims them, so that of two processes that
// hold B one gets the room and the other copies. Visible bits never change and buffers never
// move, so views and match contexts need no care.
#pragma once

#include "vm/heap/builder.h"

namespace joist {

// A bitstring that begins with `prefix` (a bitstring) and goes on for `extra` bits that the
// caller fills in at once: they begin at bit *bit_offset of *bytes, and bits of the last byte
// behind them are unspecified. Amortised cost: O(extra). none(): no memory.
Term append_bits(Allocator& heap, Term prefix, size_t extra, uint8_t** bytes, size_t* bit_offset);

// Whether append_bits() would copy the prefix.
bool append_would_copy(Term prefix, size_t extra);

// `bits` bits that the caller fills in, as make_bits_uninitialised(); fatal when there is no
// memory: for natives that have no way to refuse.
Term must_make_bits(Allocator& heap, size_t bits, uint8_t** bytes);

// A buffer with one reference and room for at least `room_bits`, of which the first `used_bits`
// are in use: what building by appending starts from. nullptr: no memory.
Binary* new_appendable(size_t room_bits, size_t used_bits);

}  // namespace joist
