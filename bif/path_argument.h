// A path as prim_file:internal_name2native/1 makes it: a binary that ends in zero bytes and has no
// others.
#pragma once

#include <cstring>

#include "vm/term/bits.h"

namespace joist {

class PathArgument {
 public:
  // False: no such binary (einval).
  bool load(Term term) {
    if (!is_bits(term) || !is_binary(term)) return false;
    bytes_ = binary_bytes(term, scratch_);
    const void* zero = bytes_.empty() ? nullptr : memchr(bytes_.data(), 0, bytes_.size());
    if (zero == nullptr) return false;
    for (const auto* at = static_cast<const uint8_t*>(zero); at != bytes_.data() + bytes_.size();
         ++at) {
      if (*at != 0) return false;
    }
    return true;
  }
  const char* text() const { return reinterpret_cast<const char*>(bytes_.data()); }

 private:
  ByteSpan bytes_;
  ByteScratch scratch_;
};

}  // namespace joist
