// The nodes of an OrderedStore. Internal to vm/ets.
#pragma once

#include <algorithm>

#include "vm/ets/key.h"
#include "vm/ets/ordered_store.h"

namespace joist {

inline constexpr size_t kLeafRows = 64;
inline constexpr size_t kEagerLeafRows = 1;    // while leaves are split for tests
inline constexpr size_t kSparseLeafRows = 16;  // fewer: try to merge
inline constexpr size_t kMergedLeafRows = 48;  // room is left for what comes next
inline constexpr size_t kChunkLeaves = 256;

struct OrderedStore::Leaf {
  RwSpinLock lock;  // with write concurrency: guards what follows
  uint32_t count = 0;
  PackedTerm low;
  Term keys[kLeafRows];
  EtsObject* rows[kLeafRows];

  // How many keys `before` is true for: those at the front.
  template <typename Before>
  size_t partition(Before before) const {
    return static_cast<size_t>(std::partition_point(keys, keys + count, before) - keys);
  }
  size_t lower_bound(Term key) const {
    return partition([key](Term k) { return ets_compare(k, key) < 0; });
  }
  size_t upper_bound(Term key) const {
    return partition([key](Term k) { return ets_compare(k, key) <= 0; });
  }
  // The index of the key; `count`: it is not here.
  size_t find(Term key) const {
    const size_t index = lower_bound(key);
    return index < count && ets_compare(keys[index], key) == 0 ? index : count;
  }
};

struct OrderedStore::Chunk {
  std::vector<Term> lows;  // of the leaves, beside them
  std::vector<Leaf*> leaves;
};

struct OrderedStore::Counters {
  std::atomic<size_t> rows{0};
  std::atomic<size_t> words{0};
};

inline OrderedStore::Leaf& OrderedStore::leaf_at(Place place) const {
  return *chunks_[place.chunk]->leaves[place.leaf];
}

// The last leaf for whose low key `before` is true, or the first leaf.
template <typename Before>
OrderedStore::Place OrderedStore::find_place(Before before) const {
  const auto last_before = [&before](const std::vector<Term>& lows) {
    const auto end = std::partition_point(lows.begin() + 1, lows.end(), before);
    return static_cast<size_t>(end - lows.begin()) - 1;
  };
  const size_t chunk = last_before(lows_);
  return {chunk, last_before(chunks_[chunk]->lows)};
}

inline OrderedStore::Place OrderedStore::place_of(Term key) const {
  return find_place([key](Term low) { return ets_compare(low, key) <= 0; });
}

inline bool OrderedStore::next_place(Place* place) const {
  if (++place->leaf < chunks_[place->chunk]->leaves.size()) return true;
  place->leaf = 0;
  return ++place->chunk < chunks_.size();
}

inline bool OrderedStore::previous_place(Place* place) const {
  if (place->leaf == 0) {
    if (place->chunk == 0) return false;
    --place->chunk;
    place->leaf = chunks_[place->chunk]->leaves.size();
  }
  --place->leaf;
  return true;
}

}  // namespace joist
