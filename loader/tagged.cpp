#include "loader/tagged.h"

namespace joist {

namespace {

// The number in at most eight bytes.
uint64_t unsigned_from(ByteSpan bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

int64_t signed_from(ByteSpan bytes) {
  const unsigned unused_bits = 64 - 8 * static_cast<unsigned>(bytes.size());
  return static_cast<int64_t>(unsigned_from(bytes) << unused_bits) >> unused_bits;
}

// Drops leading bytes that only repeat the sign.
ByteSpan without_redundant_sign(ByteSpan bytes) {
  while (bytes.size() > 1) {
    const bool negative = (bytes[1] & 0x80) != 0;
    if (bytes[0] != (negative ? 0xff : 0x00)) break;
    bytes = bytes.subspan(1);
  }
  return bytes;
}

// Compilers put a zero byte before a number whose first bit is set, as if it had a sign.
ByteSpan without_leading_zeros(ByteSpan bytes) {
  while (bytes.size() > 1 && bytes[0] == 0) bytes = bytes.subspan(1);
  return bytes;
}

// The length of a number of nine bytes or more. A length that needs such a length itself is
// larger than any file, so one level is enough.
uint64_t read_long_length(ByteReader& reader) {
  const uint8_t lead = reader.u8();
  if ((lead & 0x07) != 0) {
    reader.fail();
    return 0;
  }
  uint64_t value;
  if ((lead & 0x08) == 0) {
    value = lead >> 4;
  } else if ((lead & 0x10) == 0) {
    value = static_cast<uint64_t>(lead >> 5) << 8 | reader.u8();
  } else if (lead >> 5 < 7) {
    value = unsigned_from(reader.take((lead >> 5) + 2));
  } else {
    reader.fail();
    return 0;
  }
  if (value > reader.remaining()) reader.fail();
  return value + 9;
}

}  // namespace

TaggedNumber read_tagged(ByteReader& reader) {
  const uint8_t lead = reader.u8();
  TaggedNumber number;
  number.tag = static_cast<Tag>(lead & 0x07);
  if ((lead & 0x08) == 0) {
    number.value = lead >> 4;
    return number;
  }
  if ((lead & 0x10) == 0) {
    number.value = (lead >> 5) << 8 | reader.u8();
    return number;
  }
  const unsigned code = lead >> 5;
  ByteSpan bytes = reader.take(code < 7 ? code + 2 : read_long_length(reader));
  if (!reader.ok()) return number;
  const bool is_signed = number.tag == Tag::kInteger;
  bytes = is_signed ? without_redundant_sign(bytes) : without_leading_zeros(bytes);
  if (bytes.size() > 8) {
    number.wide = bytes;
  } else {
    number.value = is_signed ? signed_from(bytes) : static_cast<int64_t>(unsigned_from(bytes));
  }
  return number;
}

}  // namespace joist
