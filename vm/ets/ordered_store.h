// Ordered sets: rows in leaves of up to 64 in the standard order of their keys, leaves in chunks,
// chunks in one row. A B+ tree of fixed height whose root is as wide as it needs to be.
//
//   chunks   | low, chunk | low, chunk | ...
//                  |
//   chunk    | low, leaf | low, leaf | ... up to 256
//                  |
//   leaf     | key, row | key, row | ... up to 64       | low: a key not above any in here
//
// Key words lie beside the row pointers, so that searching among immediates touches no row. `low`
// is the leaf's own copy of a key: it stays when the row it was taken from is deleted. The first
// leaf has none and holds whatever is below the second.
//
// Locks. `structure_` guards chunks and the order of leaves. Without write concurrency it guards
// the leaves' contents as well and is one lock. With it, it is a row of locks: who changes the
// structure (splits a leaf) takes all, everybody else only one of them, shared, and the lock of
// the leaf; so work on different keys seldom meets.
#pragma once

#include <memory>
#include <vector>

#include "vm/ets/lock.h"
#include "vm/ets/store.h"

namespace joist {

class OrderedStore final : public EtsStore {
 public:
  OrderedStore(size_t key_position, bool write_concurrency);
  ~OrderedStore() override;

  StoreAnswer lookup(Term key, StoreGate gate, Allocator& heap, Term* rows,
                     PinnedRows* pins) override;
  StoreAnswer member(Term key, StoreGate gate) override;
  StoreAnswer element(Term key, size_t position, StoreGate gate, Allocator& heap, Term* value,
                      PinnedRows* pins) override;
  StoreAnswer insert(EtsObject* row, bool only_new, StoreGate gate) override;
  StoreAnswer insert_all(std::span<EtsObject* const> rows, bool only_new, StoreGate gate) override;
  StoreAnswer erase(Term key, StoreGate gate, Allocator& heap, Term* taken,
                    PinnedRows* pins) override;
  StoreAnswer erase_object(Term tuple, StoreGate gate) override;
  StoreAnswer update(Term key, StoreGate gate, RowUpdater& updater) override;
  StoreAnswer step(KeyStep step, Term key, bool with_rows, StoreGate gate, Allocator& heap,
                   Term* result) override;
  StoreAnswer slot(size_t number, StoreGate gate, Allocator& heap, Term* rows) override;
  StoreAnswer visit_key(Term key, bool exclusive, StoreGate gate, RowVisitor& visitor) override;
  void pass_through() override;
  bool has_long_users() const override;
  bool clear(int64_t* budget) override;
  size_t size() const override;
  size_t words() const override;

  // What to visit: the keys for which compare_bound_part(pattern, key) is 0, from the lowest on
  // or backward from the highest on, behind `after` (none(): from the start; `inclusive`: or it).
  struct Range {
    Term pattern;  // none(): all
    Term after = Term::none();
    bool backward = false;
    bool inclusive = false;
  };
  // Visits rows until the visitor has enough or the gate's user gives up (kOk), or all are visited
  // (kEnd). To go on after kOk, *last is `after`: the key met last, none() when there is none;
  // after an exclusive walk, which is forward, the key to come next, and the range is inclusive.
  StoreAnswer scan(const Range& range, bool exclusive, StoreGate gate, RowVisitor& visitor,
                   Allocator& heap, Term* last);

  // For tests, which would have to put many rows for many leaves: leaves are split at their second
  // row, and never dropped or merged.
  void split_eagerly(bool on) { splits_eagerly_.store(on, std::memory_order_relaxed); }
  size_t leaf_count();
  bool has_fine_locks() const { return fine_; }

 private:
  struct Leaf;
  struct Chunk;
  struct Counters;
  // A leaf's place in the structure.
  struct Place {
    size_t chunk;
    size_t leaf;
  };
  class Structure;
  class Reading;
  class Changing;

  Term key_of(const EtsObject* row) const { return row->element(key_position_); }
  RwSpinLock& own_structure_lock();
  // False: the user has given up, and has none.
  bool lock_structure(LockUser user);
  void unlock_structure(LockUser user, size_t count);

  // All of these need the structure, shared.
  Leaf& leaf_at(Place place) const;
  template <typename Before>
  Place find_place(Before before) const;
  Place place_of(Term key) const;
  bool next_place(Place* place) const;
  bool splits_eagerly() const { return splits_eagerly_.load(std::memory_order_relaxed); }
  size_t leaf_limit() const;
  bool previous_place(Place* place) const;
  // And these exclusive.
  void add_leaf(Place after, Leaf* leaf);
  bool remove_leaf(Place* place);
  void tidy(Place place);
  // Enough is the key's leaf, where it has the key or room.
  StoreAnswer put_exclusive(EtsObject* row, bool only_new);
  StoreAnswer add_initial(RowUpdater& updater);

  void put_at(Leaf& leaf, size_t index, EtsObject* row);
  void replace_at(Leaf& leaf, size_t index, EtsObject* row);
  void remove_at(Leaf& leaf, size_t index);
  void count(ptrdiff_t rows, ptrdiff_t words);
  class Scan;

  const size_t key_position_;
  const bool fine_;  // write concurrency
  const size_t lock_count_;
  std::atomic<bool> splits_eagerly_{false};
  std::unique_ptr<CachePadded<RwSpinLock>[]> structure_;
  std::vector<Term> lows_;  // of the chunks' first leaves; beside chunks_
  std::vector<Chunk*> chunks_;
  std::unique_ptr<CachePadded<Counters>[]> counters_;
};

}  // namespace joist
