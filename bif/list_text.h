// The bytes of a list of small integers 0..255, for natives that take short texts as lists.
#pragma once

#include <limits>
#include <string_view>

#include "vm/term/bits.h"

namespace joist {

class ListText {
 public:
  // False: improper, an element that is no byte, or more than `limit` elements.
  bool read(Term list, size_t limit = std::numeric_limits<size_t>::max()) {
    size_ = 0;
    Term rest = list;
    for (; rest.is_list(); rest = rest.tail()) {
      if (!is_byte(rest.head()) || size_++ == limit) return false;
    }
    if (!rest.is_nil()) return false;
    bytes_ = scratch_.reserve(size_);
    uint8_t* to = bytes_;
    for (; list.is_list(); list = list.tail()) {
      *to++ = static_cast<uint8_t>(list.head().small_value());
    }
    return true;
  }
  // Precondition: read said true.
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes_), size_}; }

 private:
  static bool is_byte(Term term) {
    return term.is_small() && static_cast<uint64_t>(term.small_value()) < 256;
  }

  ByteScratch scratch_;
  uint8_t* bytes_ = nullptr;
  size_t size_ = 0;
};

}  // namespace joist
