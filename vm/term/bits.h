// Bit ranges: reading, copying and comparing at arbitrary bit offsets, and what bits a
// bitstring term or a match context stands for. Bit 0 of a byte is its most significant one.
//
//   base     +0       +1       +2
//   |--------|---#####|########|##------|      offset 11, size 15
//
// No function reads or writes a byte that holds no bit of its range.
#pragma once

#include <cstring>
#include <memory>

#include "vm/base/bytes.h"
#include "vm/term/boxed.h"

namespace joist {

struct BitsView {
  const uint8_t* base;
  size_t offset;  // bits
  size_t size;    // bits

  bool byte_aligned() const { return (offset & 7) == 0; }
  const uint8_t* bytes() const {
    JOIST_ASSERT(byte_aligned());
    return base + offset / 8;
  }
  BitsView part(size_t from, size_t count) const {
    JOIST_ASSERT(from <= size && count <= size - from);
    return {base, offset + from, count};
  }
};

// Of heap bits, sub bits, or a match context (what is left to match). Valid until the heap that
// `bitstring` lies on is collected.
BitsView bits_view(Term bitstring);

// The bit at an offset, 0 or 1.
inline unsigned bit_at(const uint8_t* base, size_t offset) {
  return base[offset / 8] >> (7 - offset % 8) & 1;
}
// The 64 bits at an offset, the first one the most significant.
inline uint64_t load_bits_64(const uint8_t* base, size_t offset) {
  const uint8_t* bytes = base + offset / 8;
  uint64_t word;
  std::memcpy(&word, bytes, 8);
  word = __builtin_bswap64(word);
  unsigned shift = offset % 8;
  return shift == 0 ? word : word << shift | bytes[8] >> (8 - shift);
}
// `count` bytes, 1 to 8, as a big-endian number: two loads that may overlap, none beyond the end.
inline uint64_t load_bytes(const uint8_t* bytes, size_t count) {
  if (count >= 4) {
    uint32_t first, last;
    std::memcpy(&first, bytes, 4);
    std::memcpy(&last, bytes + count - 4, 4);
    return uint64_t{__builtin_bswap32(first)} << (8 * (count - 4)) | __builtin_bswap32(last);
  }
  if (count == 1) return bytes[0];
  uint16_t first, last;
  std::memcpy(&first, bytes, 2);
  std::memcpy(&last, bytes + count - 2, 2);
  return uint64_t{__builtin_bswap16(first)} << (8 * (count - 2)) | __builtin_bswap16(last);
}
// `count` bits at an offset as an unsigned number; count <= 57.
inline uint64_t load_short_bits(const uint8_t* base, size_t offset, size_t count) {
  if (count == 0) return 0;
  size_t shift = offset % 8;
  size_t touched = (shift + count + 7) / 8;
  uint64_t word = load_bytes(base + offset / 8, touched) >> (touched * 8 - shift - count);
  return word & ((uint64_t{1} << count) - 1);
}
// The same for count <= 64.
uint64_t load_bits(const uint8_t* base, size_t offset, size_t count);
// Writes the low `count` bits of `value` at an offset, other bits stay; count <= 64.
void store_bits(uint8_t* base, size_t offset, uint64_t value, size_t count);

// Other bits of `to` stay. The ranges must not overlap.
void copy_bits(uint8_t* to, size_t to_offset, const uint8_t* from, size_t from_offset,
               size_t count);
// Copies to byte address `to` and clears the padding of the last byte.
void copy_bits_padded(uint8_t* to, BitsView from);

bool equal_bits(BitsView a, BitsView b);
// The order of bitstrings: bit by bit, a prefix before the longer one. Negative, zero, positive.
int compare_bits(BitsView a, BitsView b);

// Room for a copy of bytes, where no pointer to the original will do.
class ByteScratch {
 public:
  uint8_t* reserve(size_t count) {
    if (count <= sizeof(inline_)) return inline_;
    heap_.reset(new uint8_t[count]);
    return heap_.get();
  }

 private:
  uint8_t inline_[128];
  std::unique_ptr<uint8_t[]> heap_;
};

// The bytes of a view whose bits are padded with zeros to bytes: in place where that is how they
// lie, else a copy in `scratch`.
ByteSpan contiguous_bytes(BitsView view, ByteScratch& scratch);
// The bytes of a binary (a bitstring of whole bytes).
inline ByteSpan binary_bytes(Term binary, ByteScratch& scratch) {
  JOIST_ASSERT(is_binary(binary));
  return contiguous_bytes(bits_view(binary), scratch);
}

}  // namespace joist
