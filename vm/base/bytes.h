// Bounds-checked big-endian reading and writing of byte sequences (chunks, external terms).
//
// ByteReader has a sticky failure: reading past the end yields zeros (or empty spans) and
// clears ok(). A caller reads a whole group of fields and checks ok() once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace joist {

using ByteSpan = std::span<const uint8_t>;

class ByteReader {
 public:
  ByteReader() = default;
  explicit ByteReader(ByteSpan bytes) : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  bool at_end() const { return next_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - next_); }
  const uint8_t* position() const { return next_; }

  uint8_t u8() { return static_cast<uint8_t>(big_endian<1>()); }
  uint16_t u16() { return static_cast<uint16_t>(big_endian<2>()); }
  uint32_t u32() { return static_cast<uint32_t>(big_endian<4>()); }
  uint64_t u64() { return big_endian<8>(); }
  int32_t i32() { return static_cast<int32_t>(u32()); }
  int64_t i64() { return static_cast<int64_t>(u64()); }

  // The next `count` bytes, or an empty span and a failure if there are fewer.
  ByteSpan take(size_t count) {
    if (count > remaining()) {
      fail();
      return {};
    }
    ByteSpan taken(next_, count);
    next_ += count;
    return taken;
  }

  void skip(size_t count) { take(count); }

  void fail() {
    ok_ = false;
    next_ = end_;
  }

 private:
  template <size_t kCount>
  uint64_t big_endian() {
    if (remaining() < kCount) {
      fail();
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < kCount; ++i) value = value << 8 | next_[i];
    next_ += kCount;
    return value;
  }

  const uint8_t* next_ = nullptr;
  const uint8_t* end_ = nullptr;
  bool ok_ = true;
};

class ByteWriter {
 public:
  void u8(uint8_t value) { bytes_.push_back(value); }
  void u16(uint16_t value) { big_endian<2>(value); }
  void u32(uint32_t value) { big_endian<4>(value); }
  void u64(uint64_t value) { big_endian<8>(value); }
  void append(ByteSpan bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void append(std::string_view text) { bytes_.insert(bytes_.end(), text.begin(), text.end()); }

  size_t size() const { return bytes_.size(); }
  ByteSpan span() const { return bytes_; }
  uint8_t* data() { return bytes_.data(); }
  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  template <size_t kCount>
  void big_endian(uint64_t value) {
    for (size_t i = kCount; i-- > 0;) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace joist
