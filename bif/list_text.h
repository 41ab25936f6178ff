// The bytes of a list of small integers 0..255, for natives that take short texts as lists.
#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "vm/term/boxed.h"

namespace joist {

class ListText {
 public:
  // False: improper, an element that is no byte, or more than `limit` elements.
  bool read(Term list, size_t limit = std::numeric_limits<size_t>::max()) {
    for (; list.is_list(); list = list.tail()) {
      Term element = list.head();
      if (!element.is_small() || text_.size() == limit) return false;
      int64_t value = element.small_value();
      if (value < 0 || value > 255) return false;
      text_ += static_cast<char>(value);
    }
    return list.is_nil();
  }
  std::string_view text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace joist
