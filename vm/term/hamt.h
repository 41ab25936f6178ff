// The trie behind hash maps: each level looks at four more bits of the key's hash, lowest first.
// A node holds pairs (alone in their slot) and children (two or more pairs below), each sort
// packed in slot order:
//
//   root        | header | size | bitmap | key, value, key, value... | child, child... |
//   node        | header | bitmap | key, value, key, value... | child, child... |
//   collision   | header | hash | key, value, key, value... |
//
//   bitmap      | unused | number of pairs, 8 | slots of children, 16 | slots of pairs, 16 |
//               63       40                   32                      16                   0
//
// Levels 0 (the root) to kHamtLevels - 1 are bitmap nodes; below them, where the hash is used
// up, are collision nodes, their keys in the order of compare_exact(). Every node but the root
// has at least two pairs below it, so a set of keys has exactly one shape.
//
// A `const Word* node` here points to the bitmap (collision node: the hash), behind which the
// entries lie, whatever the level.
#pragma once

#include "vm/term/boxed.h"
#include "vm/term/hash.h"

namespace joist {

inline constexpr unsigned kHamtSlotBits = 4;
inline constexpr unsigned kHamtSlots = 1 << kHamtSlotBits;
inline constexpr unsigned kHamtLevels = 32 / kHamtSlotBits;

// The hash of a key, the same for all keys that are exact_equal().
inline uint32_t map_key_hash(Term key) {
  if (!key.is_small() && !key.is_atom()) return internal_hash(key);
  uint64_t x = key.bits();
  x ^= x >> 32;
  x *= 0x9e3779b97f4a7c15;
  x ^= x >> 29;
  x *= 0xbf58476d1ce4e5b9;
  return static_cast<uint32_t>(x >> 32);
}

// What a hash says about the slot on a level.
inline unsigned hamt_slot(uint32_t hash, unsigned level) {
  return hash >> (level * kHamtSlotBits) & (kHamtSlots - 1);
}

// --- bitmaps ---
inline constexpr Word hamt_pair_bit(unsigned slot) { return Word{1} << slot; }
inline constexpr Word hamt_child_bit(unsigned slot) { return Word{1} << (slot + kHamtSlots); }
inline constexpr unsigned kHamtPairCountShift = 32;
inline constexpr Word kHamtOnePair = Word{1} << kHamtPairCountShift;

inline unsigned hamt_pair_count(Word bitmap) {
  return static_cast<unsigned>(bitmap >> kHamtPairCountShift);
}
inline unsigned hamt_child_count(Word bitmap) {
  return static_cast<unsigned>(std::popcount(static_cast<uint16_t>(bitmap >> kHamtSlots)));
}
inline unsigned hamt_entry_words(Word bitmap) {
  return 2 * hamt_pair_count(bitmap) + hamt_child_count(bitmap);
}
// Word index, among the entries, of the pair or child in a slot (or of where it would be).
inline unsigned hamt_pair_index(Word bitmap, unsigned slot) {
  Word below = bitmap & (hamt_pair_bit(slot) - 1);
  return 2 * static_cast<unsigned>(std::popcount(static_cast<uint16_t>(below)));
}
inline unsigned hamt_child_index(Word bitmap, unsigned slot) {
  Word below = bitmap >> kHamtSlots & (hamt_pair_bit(slot) - 1);
  return 2 * hamt_pair_count(bitmap) +
         static_cast<unsigned>(std::popcount(static_cast<uint16_t>(below)));
}

// --- nodes ---
inline const Word* hamt_root(Term map) { return object_words(map) + 1; }
inline const Word* hamt_node(Term child) { return object_words(child); }
inline const Term* hamt_entries(const Word* node) {
  return reinterpret_cast<const Term*>(node + 1);
}
inline bool is_hamt_collision(Term child) { return is_kind(child, Boxed::kCollisionNode); }
inline size_t hamt_collision_pairs(const Word* node) { return (header_words(node[-1]) - 1) / 2; }

// The place of the value that `key` with hash `hash` is bound to, in the map or in a node of
// the given level; null: none.
const Term* hamt_find_below(const Word* node, unsigned level, Term key, uint32_t hash);
inline const Term* hamt_find(Term map, Term key, uint32_t hash) {
  return hamt_find_below(hamt_root(map), 0, key, hash);
}

}  // namespace joist
