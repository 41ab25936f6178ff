#include "vm/codec/unicode.h"

#include <cstring>

namespace joist {

namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

uint64_t load(const uint8_t* from) {
  uint64_t word;
  std::memcpy(&word, from, 8);
  return word;
}

// The character of `length` bytes at `at` is complete; is it valid?
bool valid_sequence(const uint8_t* at, unsigned length) {
  uint8_t first = at[0];
  if (!is_utf8_continuation(at[1])) return false;
  switch (length) {
    case 2:
      return first >= 0xC2;  // less: overlong
    case 3:
      if (!is_utf8_continuation(at[2])) return false;
      if (first == 0xE0) return at[1] >= 0xA0;  // less: overlong
      return first != 0xED || at[1] < 0xA0;     // more: surrogate
    default:
      if (!is_utf8_continuation(at[2]) || !is_utf8_continuation(at[3])) return false;
      if (first == 0xF0) return at[1] >= 0x90;  // less: overlong
      return first < 0xF4 || (first == 0xF4 && at[1] < 0x90);
  }
}

}  // namespace

size_t ascii_prefix(ByteSpan text) {
  const uint8_t* at = text.data();
  const uint8_t* end = at + text.size();
  while (end - at >= 32) {
    if (((load(at) | load(at + 8) | load(at + 16) | load(at + 24)) & kHighBits) != 0) break;
    at += 32;
  }
  while (end - at >= 8) {
    uint64_t high = load(at) & kHighBits;
    if (high != 0) return static_cast<size_t>(at - text.data()) + std::countr_zero(high) / 8;
    at += 8;
  }
  while (at < end && *at < 0x80) ++at;
  return static_cast<size_t>(at - text.data());
}

Utf8Scan scan_utf8(ByteSpan text) {
  const uint8_t* start = text.data();
  const uint8_t* at = start;
  const uint8_t* end = start + text.size();
  size_t characters = 0;
  Utf8Status status = Utf8Status::kOk;
  while (at < end) {
    if (*at < 0x80) {
      // A short run costs less byte by byte than a call.
      size_t run = 1;
      if (end - at >= 8 && (load(at) & kHighBits) == 0) {
        run = ascii_prefix({at, static_cast<size_t>(end - at)});
      }
      at += run;
      characters += run;
      continue;
    }
    unsigned length = utf8_length(*at);
    if (length == 0) {
      status = Utf8Status::kInvalid;
      break;
    }
    if (static_cast<size_t>(end - at) < length) {
      status = Utf8Status::kIncomplete;
      break;
    }
    if (!valid_sequence(at, length)) {
      status = Utf8Status::kInvalid;
      break;
    }
    at += length;
    ++characters;
  }
  return {status, static_cast<size_t>(at - start), characters};
}

bool is_utf8_prefix(ByteSpan tail) {
  if (tail.empty() || tail[0] < 0xC0 || tail.size() >= utf8_length(tail[0])) return false;
  for (uint8_t byte : tail.subspan(1)) {
    if (!is_utf8_continuation(byte)) return false;
  }
  return true;
}

uint8_t* put_utf8(uint8_t* to, uint32_t code_point) {
  if (code_point < 0x80) {
    *to++ = static_cast<uint8_t>(code_point);
    return to;
  }
  if (code_point < 0x800) {
    *to++ = static_cast<uint8_t>(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      *to++ = static_cast<uint8_t>(0xE0 | code_point >> 12);
    } else {
      *to++ = static_cast<uint8_t>(0xF0 | code_point >> 18);
      *to++ = static_cast<uint8_t>(0x80 | (code_point >> 12 & 0x3F));
    }
    *to++ = static_cast<uint8_t>(0x80 | (code_point >> 6 & 0x3F));
  }
  *to++ = static_cast<uint8_t>(0x80 | (code_point & 0x3F));
  return to;
}

uint32_t take_utf8(const uint8_t** from) {
  const uint8_t* at = *from;
  uint8_t first = *at;
  if (first < 0x80) {
    *from = at + 1;
    return first;
  }
  if (first < 0xE0) {
    *from = at + 2;
    return (first & 0x1Fu) << 6 | (at[1] & 0x3Fu);
  }
  if (first < 0xF0) {
    *from = at + 3;
    return (first & 0xFu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
  }
  *from = at + 4;
  return (first & 0x7u) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu);
}

size_t latin1_utf8_size(ByteSpan latin1) {
  const uint8_t* at = latin1.data();
  const uint8_t* end = at + latin1.size();
  size_t size = latin1.size();
  for (; end - at >= 8; at += 8) {
    size += static_cast<size_t>(std::popcount(load(at) & kHighBits));
  }
  for (; at < end; ++at) size += *at >> 7;
  return size;
}

uint8_t* put_latin1_as_utf8(uint8_t* to, ByteSpan latin1) {
  const uint8_t* at = latin1.data();
  const uint8_t* end = at + latin1.size();
  while (at < end) {
    size_t run = ascii_prefix({at, static_cast<size_t>(end - at)});
    if (run != 0) std::memcpy(to, at, run);
    to += run;
    at += run;
    for (; at < end && *at >= 0x80; ++at) to = put_utf8(to, *at);
  }
  return to;
}

Term make_utf8_list(Allocator& heap, ByteSpan valid, Term tail) {
  if (valid.empty()) return tail;
  const uint8_t* at = valid.data();
  const uint8_t* end = at + valid.size();
  size_t characters = 0;
  for (const uint8_t* byte = at; byte < end; ++byte) characters += !is_utf8_continuation(*byte);

  Word* cell = heap.alloc(2 * characters);
  Term list = Term::list(cell);
  for (; at < end; cell += 2) {
    cell[0] = Term::small(take_utf8(&at)).bits();
    cell[1] = Term::list(cell + 2).bits();
  }
  cell[-1] = tail.bits();
  return list;
}

}  // namespace joist
