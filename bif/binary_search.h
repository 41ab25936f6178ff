// Searching bytes for one or several patterns: what binary:match and its kin compile patterns to.
//
// One pattern goes to memchr or memmem. Several go to an Aho-Corasick automaton with a full
// transition table over the classes of bytes that the patterns tell apart:
//
//   state  = a prefix of a pattern: the longest that is a suffix of what has been read
//   next   : state x class -> state
//   longest: the longest pattern that is a suffix of the state's prefix
//
// The match found is the leftmost one, and the longest of those that start there.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "bif/binary_arguments.h"

namespace joist {

class BytePatterns {
 public:
  // Patterns are copied; none may be empty, and there is at least one.
  explicit BytePatterns(std::span<const ByteSpan> patterns);

  bool single() const { return longest_.empty(); }
  // Bytes of the longest pattern.
  size_t longest() const { return longest_pattern_; }
  // The first match in text[from, to).
  std::optional<Part> find(ByteSpan text, size_t from, size_t to) const;

 private:
  void build(std::span<const ByteSpan> patterns);
  void add(ByteSpan pattern);
  void link_failures();
  uint32_t& next(uint32_t state, uint8_t byte) {
    return next_[size_t{state} * class_count_ + class_of_[byte]];
  }

  size_t longest_pattern_ = 0;
  std::vector<uint8_t> bytes_;  // of a single pattern
  uint16_t class_of_[256] = {};
  size_t class_count_ = 1;  // class 0: bytes in no pattern
  bool starts_[256] = {};   // bytes that begin a pattern
  std::vector<uint32_t> next_;
  std::vector<uint32_t> depth_;
  std::vector<uint32_t> longest_;
};

}  // namespace joist
