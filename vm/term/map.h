// Reading maps of both representations. Building is in vm/heap/map_build.h.
//
//   flat map: at most kFlatMapLimit keys, in the order of compare_flatmap_keys(); maps made
//   from one another by updates share the keys tuple
//
//     | header | keys --+ | value 0 | value 1 | ...
//                       +-> | tuple header | key 0 | key 1 | ...
//
//   hash map: more keys than that, a trie over the hashes of the keys (vm/term/hamt.h)
//
// A map's representation follows from its size alone, so maps of different representations are
// never equal. Hash maps with equal keys have one shape, whatever their history: iteration of
// equal maps meets the keys in the same order.
#pragma once

#include "vm/term/boxed.h"

namespace joist {

inline constexpr size_t kFlatMapLimit = 32;

inline bool is_flat_map(Term t) { return is_kind(t, Boxed::kFlatMap); }
inline bool is_hash_map(Term t) { return is_kind(t, Boxed::kHashMap); }

// --- flat maps ---
inline size_t flat_map_size(Term map) { return header_words(map.header()) - 1; }
inline Term flat_map_keys_tuple(Term map) { return term_words(object_words(map))[0]; }
inline std::span<const Term> flat_map_keys(Term map) {
  return tuple_elements(flat_map_keys_tuple(map));
}
inline std::span<const Term> flat_map_values(Term map) {
  return {term_words(object_words(map)) + 1, flat_map_size(map)};
}

// Number of pairs.
inline size_t map_size(Term map) {
  return is_flat_map(map) ? flat_map_size(map) : object_words(map)[0];
}

// Index of the first of `count` words that is `word`; `count` if there is none.
inline size_t find_word(const Term* words, size_t count, Term word) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    if (words[i] == word) return i;
    if (words[i + 1] == word) return i + 1;
    if (words[i + 2] == word) return i + 2;
    if (words[i + 3] == word) return i + 3;
  }
  for (; i < count; ++i) {
    if (words[i] == word) return i;
  }
  return count;
}
// Whether no term with another word can be exactly equal: all immediates but floats (0.0 equals
// the boxed -0.0 before OTP 27).
inline bool equal_only_by_word(Term key) { return !key.is_pointer() && !key.is_word_float(); }

// Position of `key` in a flat map; its size: no such key.
size_t flat_map_position_slow(Term map, Term key);
inline size_t flat_map_position(Term map, Term key) {
  size_t size = flat_map_size(map);
  size_t position = find_word(flat_map_keys(map).data(), size, key);
  if (position < size || equal_only_by_word(key)) return position;
  return flat_map_position_slow(map, key);
}

// The value's place, valid until the map moves; null: no such key.
const Term* hash_map_find(Term map, Term key);
inline const Term* map_find(Term map, Term key) {
  if (!is_flat_map(map)) return hash_map_find(map, key);
  size_t position = flat_map_position(map, key);
  return position < flat_map_size(map) ? &flat_map_values(map)[position] : nullptr;
}

// Visits all pairs: flat maps in key order, hash maps in the order of the trie.
class MapIterator {
 public:
  explicit MapIterator(Term map);
  bool next(Term* key, Term* value) {
    if (left_ == 0 && !next_node()) return false;
    *key = *keys_;
    *value = *values_;
    keys_ += stride_;
    values_ += stride_;
    --left_;
    return true;
  }

 private:
  static constexpr size_t kMaxDepth = 9;
  struct Level {  // children of a node that are still to be visited
    const Term* next;
    const Term* end;
  };
  // Moves on to the next node that has pairs.
  bool next_node();
  void enter(const Word* node);

  const Term* keys_ = nullptr;  // pairs of the node being visited
  const Term* values_ = nullptr;
  size_t left_ = 0;
  size_t stride_ = 2;
  size_t depth_ = 0;
  Level levels_[kMaxDepth];
};

}  // namespace joist
