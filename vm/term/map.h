// Reading maps of both representations: flat maps (up to kFlatMapLimit keys, sorted) and hash
// maps. Building is in vm/heap/map_build.h.
#pragma once

#include "vm/term/boxed.h"

namespace joist {

inline constexpr size_t kFlatMapLimit = 32;

inline bool is_flat_map(Term t) { return is_kind(t, Boxed::kFlatMap); }
size_t map_size(Term map);
// The value's place, valid until the map moves; null: no such key.
const Term* map_find(Term map, Term key);

// Visits all pairs: flat maps in key order, hash maps in the order of their hashes.
class MapIterator {
 public:
  explicit MapIterator(Term map);
  bool next(Term* key, Term* value);

 private:
  static constexpr size_t kMaxDepth = 20;
  struct Level {
    const Term* next;
    const Term* end;
  };
  Level levels_[kMaxDepth];
  size_t depth_ = 0;
  const Term* keys_ = nullptr;  // flat maps, and the collision node being visited
  const Term* values_ = nullptr;
  size_t left_ = 0;
};

}  // namespace joist
