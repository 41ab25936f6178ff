// The atoms that a message between nodes refers to by number; its distribution header tells which
// they are (erts documentation, "Distribution Header" in "External Term Format").
//
// The other node keeps what it was told in a cache of kSlots atoms. Each atom has its one slot
// there, and of two atoms with the same slot only the first of a message gets a number: the other
// is written out.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "vm/term/term.h"

namespace joist {

class AtomReferences {
 public:
  static constexpr size_t kMost = 255;
  static constexpr size_t kSlots = 2048;
  static size_t slot_of(Term atom) { return atom.atom_index() % kSlots; }

  AtomReferences() { numbers_.fill(kFree); }

  // nullopt: it has to be written out.
  std::optional<uint8_t> number_of(Term atom) {
    int16_t& number = numbers_[slot_of(atom)];
    if (number == kFree) {
      if (atoms_.size() == kMost) return std::nullopt;
      number = static_cast<int16_t>(atoms_.size());
      atoms_.push_back(atom);
    }
    if (!(atoms_[static_cast<size_t>(number)] == atom)) return std::nullopt;
    return static_cast<uint8_t>(number);
  }
  const std::vector<Term>& atoms() const { return atoms_; }

 private:
  static constexpr int16_t kFree = -1;
  std::array<int16_t, kSlots> numbers_;
  std::vector<Term> atoms_;
};

}  // namespace joist
