// Where the encoder's bytes go: one sink counts them, the other writes them.
#pragma once

#include <cstdio>
#include <cstring>

#include "vm/codec/etf_tags.h"
#include "vm/term/bits.h"

namespace joist::etf {

// Counts bytes.
struct SizeSink {
  static constexpr bool kWrites = false;
  size_t size = 0;

  void u8(uint8_t) { size += 1; }
  void u16(size_t) { size += 2; }
  void u32(size_t) { size += 4; }
  void u64(uint64_t) { size += 8; }
  void bytes(const void*, size_t count) { size += count; }
  void bits(BitsView view) { size += (view.size + 7) / 8; }
  void latin1(std::string_view, size_t characters) { size += characters; }
  void float_text(double) { size += kFloatTextBytes; }
  size_t position() const { return size; }
  void patch32(size_t, size_t) {}
};

// Writes bytes where a SizeSink has counted them.
struct ByteSink {
  static constexpr bool kWrites = true;
  uint8_t* start;
  uint8_t* next;

  explicit ByteSink(uint8_t* to) : start(to), next(to) {}

  void u8(uint8_t value) { *next++ = value; }
  void u16(size_t value) {
    next[0] = static_cast<uint8_t>(value >> 8);
    next[1] = static_cast<uint8_t>(value);
    next += 2;
  }
  void u32(size_t value) {
    store32(next, static_cast<uint32_t>(value));
    next += 4;
  }
  void u64(uint64_t value) {
    store64(next, value);
    next += 8;
  }
  void bytes(const void* from, size_t count) {
    std::memcpy(next, from, count);
    next += count;
  }
  void bits(BitsView view) {
    if (view.size == 0) return;
    if (view.byte_aligned() && view.size % 8 == 0) {
      bytes(view.bytes(), view.size / 8);
      return;
    }
    copy_bits_padded(next, view);
    next += (view.size + 7) / 8;
  }
  // UTF-8 whose characters are all below 256.
  void latin1(std::string_view text, size_t) {
    for (size_t i = 0; i < text.size(); ++i) {
      uint8_t byte = static_cast<uint8_t>(text[i]);
      if (byte >= 0x80) byte = static_cast<uint8_t>(byte << 6 | (text[++i] & 0x3f));
      *next++ = byte;
    }
  }
  void float_text(double value) {
    char text[kFloatTextBytes + 1] = {};
    std::snprintf(text, sizeof text, "%.20e", value);
    bytes(text, kFloatTextBytes);
  }
  size_t position() const { return static_cast<size_t>(next - start); }
  void patch32(size_t at, size_t value) { store32(start + at, static_cast<uint32_t>(value)); }
};

}  // namespace joist::etf
