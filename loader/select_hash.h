// A hash table without collisions for the choices of a select: one multiplication and one look
// tell where to go, whatever the number of choices.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vm/term/term.h"

namespace joist {

// The place of a word is (word * factor >> 32 & mask) / kPlaceBytes.
struct SelectHash {
  static constexpr size_t kPlaceBytes = 16;  // a word, and where it leads
  Word factor = 0;
  uint16_t mask = 0;           // 0: there is no table
  std::vector<size_t> places;  // by place: index of the word there, or kNobody
  static constexpr size_t kNobody = SIZE_MAX;
};

// For at least two words, ascending. Without a table (there are too many, or no factor was found
// that tells them apart in a small one) the places are the words in order. The same words always
// give the same table.
SelectHash find_select_hash(std::span<const Word> words);

}  // namespace joist
