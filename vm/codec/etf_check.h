// The first pass of decoding: is it a term, and how many words does it need?
#pragma once

#include "vm/codec/etf_tags.h"

namespace joist::etf {

struct Extent {
  size_t bytes;      // the term takes, from its tag on
  size_t words;      // at most needed to build it, hash maps not counted
  size_t map_pairs;  // in maps that will be hash maps
};

// Structure only: names, creations and counts that OTP calls invalid are left to the second
// pass. nullopt: cut short, an unknown tag, or a count that cannot be.
std::optional<Extent> check_external(ByteSpan bytes, bool local);

// Where the atom that starts at `p` ends; null: no atom, or cut short.
const uint8_t* skip_atom(const uint8_t* p, const uint8_t* end);
// The same of a node name, which `local` terms leave out.
const uint8_t* skip_node(const uint8_t* p, const uint8_t* end, bool local);

}  // namespace joist::etf
