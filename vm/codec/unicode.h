// UTF-8 and Latin-1 at the level of bytes: validation, sizes, conversion. Terms that hold
// characters (nested lists of code points and binaries) are in vm/codec/characters.h.
//
// Valid means what Erlang calls a Unicode scalar value: at most 16#10FFFF, no surrogates, the
// shortest encoding. Runs of ASCII, the usual case, are taken many bytes at a time.
#pragma once

#include "vm/base/bytes.h"
#include "vm/heap/allocator.h"

namespace joist {

inline constexpr uint32_t kMaxCodePoint = 0x10FFFF;
inline bool is_code_point(uint64_t value) {
  return value <= kMaxCodePoint && (value < 0xD800 || value > 0xDFFF);
}

enum class Utf8Status : uint8_t {
  kOk,
  kIncomplete,  // ends inside a character, as the first byte of that character tells
  kInvalid,
};

struct Utf8Scan {
  Utf8Status status;
  size_t bytes;       // of the valid characters at the beginning
  size_t characters;  // their number
};

// Stops at the first thing that is wrong. The bytes of an incomplete character are not looked at
// beyond the first one: is_utf8_prefix tells whether more bytes could complete it.
Utf8Scan scan_utf8(ByteSpan text);
inline bool is_utf8(ByteSpan text) { return scan_utf8(text).status == Utf8Status::kOk; }
// Of fewer bytes than the first of them announces: true where they could begin a character.
bool is_utf8_prefix(ByteSpan tail);

// Bytes before the first one above 127.
size_t ascii_prefix(ByteSpan text);

// Bytes of the character that begins with `first`; 0: no character begins so.
inline unsigned utf8_length(uint8_t first) {
  if (first < 0x80) return 1;
  if (first < 0xC0) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  return first < 0xF8 ? 4 : 0;
}
inline bool is_utf8_continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

// Bytes that a code point takes.
inline size_t utf8_size(uint64_t code_point) {
  if (code_point < 0x80) return 1;
  if (code_point < 0x800) return 2;
  return code_point < 0x10000 ? 3 : 4;
}
// Writes a code point (valid or a surrogate), returns the position behind it.
uint8_t* put_utf8(uint8_t* to, uint32_t code_point);
// Reads a character of valid text.
uint32_t take_utf8(const uint8_t** from);

// Latin-1 bytes as UTF-8.
size_t latin1_utf8_size(ByteSpan latin1);
uint8_t* put_latin1_as_utf8(uint8_t* to, ByteSpan latin1);

// The characters of valid UTF-8 as a list of integers before `tail`.
Term make_utf8_list(Allocator& heap, ByteSpan valid, Term tail = Term::nil());

}  // namespace joist
