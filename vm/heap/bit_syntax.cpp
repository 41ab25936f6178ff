#include "vm/heap/bit_syntax.h"

#include <cmath>
#include <memory>

#include "vm/heap/arith.h"
#include "vm/heap/builder.h"
#include "vm/term/bignum.h"

namespace joist {

namespace {

double float_of_bits(uint64_t raw, size_t bits) {
  switch (bits) {
    case 16:
      return static_cast<double>(std::bit_cast<_Float16>(static_cast<uint16_t>(raw)));
    case 32:
      return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(raw)));
    default:
      return std::bit_cast<double>(raw);
  }
}

// Limb `index` of the two's complement of unlimited width.
class TwosComplement {
 public:
  explicit TwosComplement(big::Number number) : number_(number) {
    while (zeros_ < number.count && number.limbs[zeros_] == 0) ++zeros_;
  }
  Word limb(size_t index) const {
    Word magnitude = index < number_.count ? number_.limbs[index] : 0;
    if (!number_.negative) return magnitude;
    // Negation complements all but the low zeros and the lowest limb that is not zero.
    return index < zeros_ ? 0 : index == zeros_ ? Word{0} - magnitude : ~magnitude;
  }

 private:
  big::Number number_;
  size_t zeros_ = 0;
};

void negate(Word* limbs, size_t count) {
  Word carry = 1;
  for (size_t i = 0; i < count; ++i) {
    limbs[i] = ~limbs[i] + carry;
    carry = carry != 0 && limbs[i] == 0 ? 1 : 0;
  }
}

}  // namespace

// --- reading ---

uint64_t read_little_bits(const uint8_t* base, size_t position, size_t bits) {
  size_t whole = bits & ~size_t{7};
  size_t rest = bits & 7;
  uint64_t value = __builtin_bswap64(load_bits(base, position, whole)) >> (64 - whole);
  if (rest != 0) value |= load_bits(base, position + whole, rest) << whole;
  return value;
}

Term read_integer(Allocator& heap, const uint8_t* base, size_t position, size_t bits,
                  bool is_signed, bool little) {
  if (bits <= 64) {
    uint64_t value = read_bits(base, position, bits, little);
    return is_signed ? make_integer(heap, sign_extended(value, bits)) : make_unsigned(heap, value);
  }
  size_t count = (bits + 63) / 64;
  size_t top_bits = bits - 64 * (count - 1);
  constexpr size_t kInline = 16;
  Word inline_limbs[kInline];
  std::unique_ptr<Word[]> more;
  Word* limbs = inline_limbs;
  if (count > kInline) {
    more.reset(new Word[count]);
    limbs = more.get();
  }
  for (size_t i = 0; i + 1 < count; ++i) {
    size_t at = little ? position + 64 * i : position + bits - 64 * (i + 1);
    limbs[i] = read_bits(base, at, 64, little);
  }
  size_t top_at = little ? position + 64 * (count - 1) : position;
  Word top = read_bits(base, top_at, top_bits, little);
  bool negative = is_signed && (top >> (top_bits - 1) & 1) != 0;
  limbs[count - 1] = negative ? static_cast<Word>(sign_extended(top, top_bits)) : top;
  if (negative) negate(limbs, count);
  return make_integer_from_limbs(heap, limbs, count, negative);
}

bool read_float(const uint8_t* base, size_t position, size_t bits, bool little, double* value) {
  if (bits == 0) {
    *value = 0.0;
    return true;
  }
  if (bits != 16 && bits != 32 && bits != 64) return false;
  *value = float_of_bits(read_bits(base, position, bits, little), bits);
  return std::isfinite(*value);
}

bool read_utf8(const uint8_t* base, size_t position, size_t end, Utf* utf) {
  size_t left = end - position;
  if (left < 8) return false;
  auto byte = [&](size_t index) -> uint32_t {
    return static_cast<uint32_t>(load_bits(base, position + 8 * index, 8));
  };
  uint32_t first = byte(0);
  if (first < 0x80) {
    *utf = {first, 8};
    return true;
  }
  uint32_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  if (first < 0xc2 || first > 0xf4 || left < 8 * (1 + more)) return false;
  uint32_t character = first & (0x3f >> more);
  for (uint32_t i = 1; i <= more; ++i) {
    uint32_t next = byte(i);
    if ((next & 0xc0) != 0x80) return false;
    character = character << 6 | (next & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
  if (character < kSmallest[more] || character > 0x10ffff ||
      (character >= 0xd800 && character <= 0xdfff)) {
    return false;
  }
  *utf = {character, 8 * (1 + more)};
  return true;
}

bool read_utf16(const uint8_t* base, size_t position, size_t end, bool little, Utf* utf) {
  size_t left = end - position;
  if (left < 16) return false;
  auto high = static_cast<uint32_t>(read_bits(base, position, 16, little));
  if (high < 0xd800 || high > 0xdfff) {
    *utf = {high, 16};
    return true;
  }
  if (high > 0xdbff || left < 32) return false;
  auto low = static_cast<uint32_t>(read_bits(base, position + 16, 16, little));
  if (low < 0xdc00 || low > 0xdfff) return false;
  *utf = {((high & 0x3ff) << 10 | (low & 0x3ff)) + 0x10000, 32};
  return true;
}

bool read_utf32(const uint8_t* base, size_t position, size_t end, bool little, Utf* utf) {
  if (end - position < 32) return false;
  auto character = static_cast<uint32_t>(read_bits(base, position, 32, little));
  *utf = {character, 32};
  return character <= 0x10ffff && (character < 0xd800 || character > 0xdfff);
}

// --- writing ---

void BitWriter::put_bits_of(int64_t value, size_t bits, bool little) {
  if (bits > 64) {
    put_limbs(Term::small(value), bits, little);
  } else if (little) {
    put_little_endian(static_cast<uint64_t>(value), bits);
  } else {
    put_big_endian(static_cast<uint64_t>(value), bits);
  }
}

void BitWriter::put_limbs(Term integer, size_t bits, bool little) {
  if (bits == 0) return;
  Word storage;
  TwosComplement number(big::of_term(integer, &storage));
  size_t count = (bits + 63) / 64;
  size_t top_bits = bits - 64 * (count - 1);
  if (little) {
    for (size_t i = 0; i + 1 < count; ++i) {
      put_big_endian(__builtin_bswap64(number.limb(i)), 64);
    }
    put_little_endian(number.limb(count - 1), top_bits);
  } else {
    put_big_endian(number.limb(count - 1), top_bits);
    for (size_t i = count - 1; i-- > 0;) put_big_endian(number.limb(i), 64);
  }
}

bool BitWriter::put_float(Term number, size_t bits, bool little) {
  double value;
  if ((bits != 16 && bits != 32 && bits != 64) || !number_to_double(number, &value)) return false;
  uint64_t raw;
  if (bits == 64) {
    raw = std::bit_cast<uint64_t>(value);
  } else if (bits == 32) {
    float narrow =
        number.is_small() ? static_cast<float>(number.small_value()) : static_cast<float>(value);
    raw = std::bit_cast<uint32_t>(narrow);
  } else {
    raw = std::bit_cast<uint16_t>(static_cast<_Float16>(value));
  }
  if (little) {
    put_little_endian(raw, bits);
  } else {
    put_big_endian(raw, bits);
  }
  return true;
}

void BitWriter::put(BitsView bits) {
  copy_bits(base_, position_, bits.base, bits.offset, bits.size);
  position_ += bits.size;
}

void BitWriter::put_utf8(uint32_t character) {
  const EncodedCharacter encoded = encode_utf8(character);
  put_big_endian(encoded.number, encoded.bits);
}

void BitWriter::put_utf16(uint32_t character, bool little) {
  const EncodedCharacter encoded = encode_utf16(character);
  if (encoded.bits == 32) put_bits_of(encoded.number >> 16, 16, little);
  put_bits_of(encoded.number & 0xffff, 16, little);
}

}  // namespace joist
