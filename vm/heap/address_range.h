// A range of addresses whose test is one subtraction and one compare, for inner loops.
#pragma once

#include "vm/heap/literals.h"

namespace joist {

struct AddressRange {
  Word base = 0;
  size_t size = 0;  // bytes
  AddressRange() = default;
  AddressRange(const void* from, const void* to)
      : base(reinterpret_cast<Word>(from)),
        size(static_cast<size_t>(static_cast<const char*>(to) - static_cast<const char*>(from))) {}
  bool contains(Word address) const { return address - base < size; }
};

inline AddressRange literal_range(const LiteralSpace* literals) {
  if (literals == nullptr) return {};
  return {literals->base(), literals->base() + literals->size()};
}

}  // namespace joist
