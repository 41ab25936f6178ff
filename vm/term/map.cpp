#include "vm/term/map.h"

#include "vm/term/compare.h"
#include "vm/term/hamt.h"

namespace joist {

size_t flat_map_position_slow(Term map, Term key) {
  std::span<const Term> keys = flat_map_keys(map);
  size_t i = 0;
  while (i < keys.size() && !exact_equal(keys[i], key)) ++i;
  return i;
}

const Term* hash_map_find(Term map, Term key) { return hamt_find(map, key, map_key_hash(key)); }

MapIterator::MapIterator(Term map) {
  if (is_flat_map(map)) {
    keys_ = flat_map_keys(map).data();
    values_ = flat_map_values(map).data();
    left_ = flat_map_size(map);
    stride_ = 1;
  } else {
    enter(hamt_root(map));
  }
}

void MapIterator::enter(const Word* node) {
  const Term* entries = hamt_entries(node);
  if (depth_ == kHamtLevels) {
    left_ = hamt_collision_pairs(node);
  } else {
    Word bitmap = node[0];
    left_ = hamt_pair_count(bitmap);
    const Term* children = entries + 2 * left_;
    levels_[depth_++] = {children, children + hamt_child_count(bitmap)};
  }
  keys_ = entries;
  values_ = entries + 1;
}

bool MapIterator::next_node() {
  while (depth_ > 0) {
    Level& level = levels_[depth_ - 1];
    if (level.next == level.end) {
      --depth_;
      continue;
    }
    enter(hamt_node(*level.next++));
    if (left_ > 0) return true;
  }
  return false;
}

}  // namespace joist
