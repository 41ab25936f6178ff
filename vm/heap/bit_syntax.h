// What the instructions for bit syntax do to bits: segments read at any bit position of a byte
// range, and written one behind the other by a BitWriter. Whether there are enough bits is the
// caller's to check; nothing is read or written outside of the segment.
//
// Byte order of segments that are no whole number of bytes: little-endian segments have their
// low bytes first and the highest, partial, byte last, as in
//   <<16#abc:12/little>>  =  10111100 1010
//
// Appending to a binary in place is in vm/heap/binary.h.
#pragma once

#include "vm/heap/allocator.h"
#include "vm/term/bits.h"

namespace joist {

// --- reading ---

uint64_t read_little_bits(const uint8_t* base, size_t position, size_t bits);

// The value of a segment of at most 64 bits, not sign-extended.
inline uint64_t read_bits(const uint8_t* base, size_t position, size_t bits, bool little) {
  if (little && bits > 8) return read_little_bits(base, position, bits);
  if (bits <= 57) return load_short_bits(base, position, bits);
  return load_bits(base, position, bits);
}

inline int64_t sign_extended(uint64_t value, size_t bits) {
  if (bits == 0 || bits >= 64) return bits == 0 ? 0 : static_cast<int64_t>(value);
  unsigned unused = static_cast<unsigned>(64 - bits);
  return static_cast<int64_t>(value << unused) >> unused;
}

// The integer in a segment of any size. none(): more limbs than term_rules().max_big_limbs.
Term read_integer(Allocator& heap, const uint8_t* base, size_t position, size_t bits,
                  bool is_signed, bool little);

// A float of 16, 32 or 64 bits; of 0 bits: 0.0. False: another size, an infinity, not a number.
bool read_float(const uint8_t* base, size_t position, size_t bits, bool little, double* value);

// The character at `position`, and how many bits it takes. False: cut short at `end`, not in the
// shortest form, a surrogate, or above 16#10ffff.
struct Utf {
  uint32_t character;
  uint32_t bits;
};
bool read_utf8(const uint8_t* base, size_t position, size_t end, Utf* utf);
bool read_utf16(const uint8_t* base, size_t position, size_t end, bool little, Utf* utf);
bool read_utf32(const uint8_t* base, size_t position, size_t end, bool little, Utf* utf);

inline bool is_unicode(Term character) {
  if (!character.is_small()) return false;
  int64_t value = character.small_value();
  return value >= 0 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
}

// --- writing ---

// Bits that a character takes.
inline size_t utf8_bits(uint32_t character) {
  return character < 0x80 ? 8 : character < 0x800 ? 16 : character < 0x10000 ? 24 : 32;
}
inline size_t utf16_bits(uint32_t character) { return character < 0x10000 ? 16 : 32; }

// An integer of so many bits: what is written of it, big-endian, is the character in its encoding.
struct EncodedCharacter {
  uint32_t number;
  size_t bits;
};
inline EncodedCharacter encode_utf8(uint32_t character) {
  const uint32_t last = character & 0x3f;
  if (character < 0x80) return {character, 8};
  if (character < 0x800) return {0xc080 | (character & 0x7c0) << 2 | last, 16};
  const uint32_t lower = (character & 0xfc0) << 2 | last;
  if (character < 0x10000) return {0xe08080 | (character & 0xf000) << 4 | lower, 24};
  return {0xf0808080 | (character & 0x1c0000) << 6 | (character & 0x3f000) << 4 | lower, 32};
}
inline EncodedCharacter encode_utf16(uint32_t character) {
  if (character < 0x10000) return {character, 16};
  const uint32_t offset = character - 0x10000;
  return {0xd800dc00 | (offset >> 10) << 16 | (offset & 0x3ff), 32};
}

class BitWriter {
 public:
  BitWriter() = default;
  BitWriter(uint8_t* base, size_t position) : base_(base), position_(position) {}

  size_t position() const { return position_; }

  // The low bits of an integer's two's complement. False: no integer.
  bool put_integer(Term integer, size_t bits, bool little);
  void put_bits_of(int64_t value, size_t bits, bool little);
  // Any number. False: no number, one that no float can hold, or not 16, 32 or 64 bits. What is
  // too large for 16 or 32 bits becomes an infinity.
  bool put_float(Term number, size_t bits, bool little);
  void put(BitsView bits);
  void put_bytes(const uint8_t* bytes, size_t count) {
    if (position_ % 8 == 0) {
      std::memcpy(base_ + position_ / 8, bytes, count);
      position_ += count * 8;
    } else {
      put({bytes, 0, count * 8});
    }
  }
  // A number of `bits` bits, 1 to 56; nothing above them is set. The rest of the last byte becomes
  // zeros.
  void put_short(uint64_t value, size_t bits) {
    const size_t shift = position_ % 8;
    uint8_t* to = base_ + position_ / 8;
    const uint64_t before = *to & ~(0xffu >> shift);
    const uint64_t bytes = __builtin_bswap64(before << 56 | value << (64 - shift - bits));
    store_bytes(to, bytes, (shift + bits + 7) / 8);
    position_ += bits;
  }
  void put_utf8(uint32_t character);
  void put_utf16(uint32_t character, bool little);
  void put_utf32(uint32_t character, bool little) { put_bits_of(character, 32, little); }

  // Clears what is left of the last byte. Call it when all segments are written.
  void finish() {
    if (position_ % 8 != 0) {
      base_[position_ / 8] &= static_cast<uint8_t>(0xff00 >> (position_ % 8));
    }
  }

 private:
  // The low `count` bytes, 1 to 8, the lowest first: two stores that may overlap.
  static void store_bytes(uint8_t* to, uint64_t bytes, size_t count) {
    if (count >= 4) {
      const auto first = static_cast<uint32_t>(bytes);
      const auto last = static_cast<uint32_t>(bytes >> (8 * (count - 4)));
      std::memcpy(to, &first, 4);
      std::memcpy(to + count - 4, &last, 4);
    } else if (count >= 2) {
      const auto first = static_cast<uint16_t>(bytes);
      const auto last = static_cast<uint16_t>(bytes >> (8 * (count - 2)));
      std::memcpy(to, &first, 2);
      std::memcpy(to + count - 2, &last, 2);
    } else {
      *to = static_cast<uint8_t>(bytes);
    }
  }
  // Low bits of `value`, the highest first; bits <= 64.
  void put_big_endian(uint64_t value, size_t bits);
  void put_little_endian(uint64_t value, size_t bits);
  void put_limbs(Term integer, size_t bits, bool little);

  uint8_t* base_ = nullptr;
  size_t position_ = 0;  // bits
};

inline void BitWriter::put_big_endian(uint64_t value, size_t bits) {
  if (((position_ | bits) & 7) != 0) {
    store_bits(base_, position_, value, bits);
    position_ += bits;
    return;
  }
  uint8_t* to = base_ + position_ / 8;
  position_ += bits;
  if (bits == 8) {
    *to = static_cast<uint8_t>(value);
  } else if (bits == 16) {
    uint16_t swapped = __builtin_bswap16(static_cast<uint16_t>(value));
    std::memcpy(to, &swapped, 2);
  } else if (bits == 32) {
    uint32_t swapped = __builtin_bswap32(static_cast<uint32_t>(value));
    std::memcpy(to, &swapped, 4);
  } else {
    for (size_t shift = bits; shift != 0;) {
      shift -= 8;
      *to++ = static_cast<uint8_t>(value >> shift);
    }
  }
}

inline void BitWriter::put_little_endian(uint64_t value, size_t bits) {
  while (bits >= 8) {
    put_big_endian(value & 0xff, 8);
    value >>= 8;
    bits -= 8;
  }
  if (bits != 0) put_big_endian(value, bits);
}

inline bool BitWriter::put_integer(Term integer, size_t bits, bool little) {
  if (integer.is_small() && bits <= 64) [[likely]] {
    if (little) {
      put_little_endian(static_cast<uint64_t>(integer.small_value()), bits);
    } else {
      put_big_endian(static_cast<uint64_t>(integer.small_value()), bits);
    }
    return true;
  }
  if (!is_integer(integer)) return false;
  put_limbs(integer, bits, little);
  return true;
}

}  // namespace joist
