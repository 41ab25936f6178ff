#include "vm/term/hamt.h"

#include "vm/term/compare.h"

namespace joist {
namespace {

const Term* find_colliding(const Word* node, Term key) {
  const Term* pair = hamt_entries(node);
  for (const Term* end = pair + 2 * hamt_collision_pairs(node); pair < end; pair += 2) {
    if (exact_equal(pair[0], key)) return pair + 1;
  }
  return nullptr;
}

}  // namespace

const Term* hamt_find_below(const Word* node, unsigned level, Term key, uint32_t hash) {
  for (; level < kHamtLevels; ++level) {
    Word bitmap = node[0];
    unsigned slot = hamt_slot(hash, level);
    if ((bitmap & hamt_child_bit(slot)) != 0) {
      node = hamt_node(hamt_entries(node)[hamt_child_index(bitmap, slot)]);
    } else if ((bitmap & hamt_pair_bit(slot)) != 0) {
      const Term* pair = hamt_entries(node) + hamt_pair_index(bitmap, slot);
      return exact_equal(pair[0], key) ? pair + 1 : nullptr;
    } else {
      return nullptr;
    }
  }
  return find_colliding(node, key);
}

}  // namespace joist
