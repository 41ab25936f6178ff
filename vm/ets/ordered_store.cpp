#include "vm/ets/ordered_store.h"

#include <pthread.h>

#include <limits>
#include <optional>

#include "vm/ets/ordered_nodes.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

constexpr size_t kFineLocks = 16;
constexpr size_t kEmptyTableWords = 139;  // as OTP's

// Spreads threads over locks and counters.
size_t thread_number() {
  const auto self = reinterpret_cast<uint64_t>(reinterpret_cast<void*>(pthread_self()));
  return (self * 0x9e3779b97f4a7c15) >> 40;
}

}  // namespace

OrderedStore::OrderedStore(size_t key_position, bool write_concurrency)
    : key_position_(key_position),
      fine_(write_concurrency),
      lock_count_(write_concurrency ? kFineLocks : 1),
      structure_(std::make_unique<CachePadded<RwSpinLock>[]>(lock_count_)),
      counters_(std::make_unique<CachePadded<Counters>[]>(lock_count_)) {
  auto* chunk = new Chunk;
  chunk->lows.push_back(Term::nil());
  chunk->leaves.push_back(new Leaf);
  chunks_.push_back(chunk);
  lows_.push_back(Term::nil());
}

OrderedStore::~OrderedStore() {
  int64_t budget = std::numeric_limits<int64_t>::max();
  clear(&budget);
  delete chunks_[0]->leaves[0];
  delete chunks_[0];
}

// --- locks and counts ---

RwSpinLock& OrderedStore::own_structure_lock() {
  return fine_ ? *structure_[thread_number() % kFineLocks] : *structure_[0];
}

bool OrderedStore::lock_structure(LockUser user) {
  for (size_t i = 0; i < lock_count_; ++i) {
    if (!structure_[i]->lock_for(user)) {
      unlock_structure(user, i);
      return false;
    }
  }
  return true;
}

void OrderedStore::unlock_structure(LockUser user, size_t count) {
  for (size_t i = count; i-- > 0;) {
    structure_[i]->unlock();
    if (user.takes_long()) structure_[i]->end_long();
  }
}

bool OrderedStore::has_long_users() const {
  for (size_t i = 0; i < lock_count_; ++i) {
    if (structure_[i]->has_long_users()) return true;
  }
  return false;
}

// The whole structure.
class OrderedStore::Structure {
 public:
  explicit Structure(OrderedStore& store, LockUser user = {})
      : store_(store), user_(user), held_(store.lock_structure(user)) {}
  ~Structure() {
    if (held_) store_.unlock_structure(user_, store_.lock_count_);
  }
  Structure(const Structure&) = delete;
  Structure& operator=(const Structure&) = delete;
  explicit operator bool() const { return held_; }

 private:
  OrderedStore& store_;
  const LockUser user_;
  const bool held_;
};

// Holds the structure and one leaf, for looking.
class OrderedStore::Reading {
 public:
  Reading(OrderedStore& store, LockUser user)
      : store_(store), user_(user), structure_(store.own_structure_lock(), user) {}
  explicit operator bool() const { return static_cast<bool>(structure_); }
  // null: the user has given up.
  Leaf* enter(Place place) {
    leaf_.reset();
    Leaf& leaf = store_.leaf_at(place);
    if (store_.fine_ && !leaf_.emplace(leaf.lock, user_)) return nullptr;
    return &leaf;
  }

 private:
  OrderedStore& store_;
  const LockUser user_;
  SharedGuard structure_;
  std::optional<SharedGuard> leaf_;
};

// Holds what is needed to change rows of the leaf of one key.
class OrderedStore::Changing {
 public:
  Changing(OrderedStore& store, LockUser user) : store_(store), user_(user) {
    if (store.fine_) {
      // Not under a loan: a leaf is all that it may note down.
      shared_.emplace(store.own_structure_lock(), LockUser{user.kind});
    } else {
      structure_.emplace(store, user);
    }
  }
  explicit operator bool() const { return structure_ ? bool{*structure_} : bool{*shared_}; }
  // null: the user has given up.
  Leaf* enter(Term key) {
    place_ = store_.place_of(key);
    Leaf& leaf = store_.leaf_at(place_);
    if (!has_structure() && !leaf_.emplace(leaf.lock, user_)) return nullptr;
    return &leaf;
  }
  // Whether the structure may be changed too.
  bool has_structure() const { return structure_.has_value(); }
  Place place() const { return place_; }

 private:
  OrderedStore& store_;
  const LockUser user_;
  std::optional<Structure> structure_;
  std::optional<SharedGuard> shared_;
  std::optional<ExclusiveGuard> leaf_;
  Place place_{};
};

void OrderedStore::count(ptrdiff_t rows, ptrdiff_t words) {
  Counters& counters = *counters_[fine_ ? thread_number() % kFineLocks : 0];
  counters.rows.fetch_add(static_cast<size_t>(rows), std::memory_order_relaxed);
  counters.words.fetch_add(static_cast<size_t>(words), std::memory_order_relaxed);
}

size_t OrderedStore::size() const {
  size_t rows = 0;
  for (size_t i = 0; i < lock_count_; ++i) {
    rows += counters_[i]->rows.load(std::memory_order_relaxed);
  }
  return rows;
}

size_t OrderedStore::words() const {
  size_t words = kEmptyTableWords;
  for (size_t i = 0; i < lock_count_; ++i) {
    words += counters_[i]->words.load(std::memory_order_relaxed);
  }
  return words;
}

// --- rows in a leaf ---

void OrderedStore::put_at(Leaf& leaf, size_t index, EtsObject* row) {
  std::copy_backward(leaf.keys + index, leaf.keys + leaf.count, leaf.keys + leaf.count + 1);
  std::copy_backward(leaf.rows + index, leaf.rows + leaf.count, leaf.rows + leaf.count + 1);
  leaf.keys[index] = key_of(row);
  leaf.rows[index] = row;
  ++leaf.count;
  count(1, static_cast<ptrdiff_t>(row->count + kOrderedObjectWords));
}

void OrderedStore::replace_at(Leaf& leaf, size_t index, EtsObject* row) {
  EtsObject* old = leaf.rows[index];
  leaf.keys[index] = key_of(row);
  leaf.rows[index] = row;
  if (row->count != old->count) {
    count(0, static_cast<ptrdiff_t>(row->count) - static_cast<ptrdiff_t>(old->count));
  }
  free_object(old);
}

void OrderedStore::remove_at(Leaf& leaf, size_t index) {
  EtsObject* row = leaf.rows[index];
  std::copy(leaf.keys + index + 1, leaf.keys + leaf.count, leaf.keys + index);
  std::copy(leaf.rows + index + 1, leaf.rows + leaf.count, leaf.rows + index);
  --leaf.count;
  count(-1, -static_cast<ptrdiff_t>(row->count + kOrderedObjectWords));
  free_object(row);
}

// --- structure ---

void OrderedStore::add_leaf(Place after, Leaf* leaf) {
  Chunk& chunk = *chunks_[after.chunk];
  const auto place = static_cast<ptrdiff_t>(after.leaf + 1);
  chunk.leaves.insert(chunk.leaves.begin() + place, leaf);
  chunk.lows.insert(chunk.lows.begin() + place, leaf->low.term());
  if (chunk.leaves.size() <= kChunkLeaves) return;
  auto* upper = new Chunk;
  constexpr ptrdiff_t kHalf = kChunkLeaves / 2;
  upper->leaves.assign(chunk.leaves.begin() + kHalf, chunk.leaves.end());
  upper->lows.assign(chunk.lows.begin() + kHalf, chunk.lows.end());
  chunk.leaves.resize(kHalf);
  chunk.lows.resize(kHalf);
  const auto next = static_cast<ptrdiff_t>(after.chunk + 1);
  chunks_.insert(chunks_.begin() + next, upper);
  lows_.insert(lows_.begin() + next, upper->lows[0]);
}

// Takes an empty leaf out, unless it is the only one. *place becomes the next leaf's; false:
// there is none.
bool OrderedStore::remove_leaf(Place* place) {
  Chunk* chunk = chunks_[place->chunk];
  if (chunks_.size() == 1 && chunk->leaves.size() == 1) return false;
  delete chunk->leaves[place->leaf];
  chunk->leaves.erase(chunk->leaves.begin() + static_cast<ptrdiff_t>(place->leaf));
  chunk->lows.erase(chunk->lows.begin() + static_cast<ptrdiff_t>(place->leaf));
  if (chunk->leaves.empty()) {
    chunks_.erase(chunks_.begin() + static_cast<ptrdiff_t>(place->chunk));
    lows_.erase(lows_.begin() + static_cast<ptrdiff_t>(place->chunk));
    delete chunk;
  } else {
    lows_[place->chunk] = chunk->lows[0];
    if (place->leaf < chunk->leaves.size()) return true;
    ++place->chunk;
  }
  place->leaf = 0;
  return place->chunk < chunks_.size();
}

// After rows went: drops or merges a leaf that has few.
void OrderedStore::tidy(Place place) {
  if (splits_eagerly()) return;
  Leaf& leaf = leaf_at(place);
  if (leaf.count == 0) {
    remove_leaf(&place);
    return;
  }
  Chunk& chunk = *chunks_[place.chunk];
  if (place.leaf + 1 >= chunk.leaves.size()) return;
  Leaf& right = *chunk.leaves[place.leaf + 1];
  if (leaf.count + right.count > kMergedLeafRows) return;
  std::copy(right.keys, right.keys + right.count, leaf.keys + leaf.count);
  std::copy(right.rows, right.rows + right.count, leaf.rows + leaf.count);
  leaf.count += right.count;
  ++place.leaf;
  remove_leaf(&place);
}

StoreAnswer OrderedStore::put_exclusive(EtsObject* row, bool only_new) {
  const Term key = key_of(row);
  const Place place = place_of(key);
  Leaf& leaf = leaf_at(place);
  const size_t index = leaf.lower_bound(key);
  if (index < leaf.count && ets_compare(leaf.keys[index], key) == 0) {
    if (only_new) return StoreAnswer::kExists;
    replace_at(leaf, index, row);
    return StoreAnswer::kOk;
  }
  const size_t count = leaf.count;
  if (count < leaf_limit()) {
    put_at(leaf, index, row);
    return StoreAnswer::kOk;
  }
  // Rows that come in order fill their leaves; others leave them half full.
  const size_t kept = index == count ? count : count / 2;
  auto* right = new Leaf;
  right->low = PackedTerm(kept == count ? key : leaf.keys[kept]);
  right->count = static_cast<uint32_t>(count - kept);
  std::copy(leaf.keys + kept, leaf.keys + count, right->keys);
  std::copy(leaf.rows + kept, leaf.rows + count, right->rows);
  leaf.count = static_cast<uint32_t>(kept);
  if (index < kept || (index == kept && kept != count)) {
    put_at(leaf, index, row);
  } else {
    put_at(*right, index - kept, row);
  }
  add_leaf(place, right);
  return StoreAnswer::kOk;
}

// --- operations ---

namespace {

StoreAnswer pin(EtsObject& row, PinnedRows* pins) {
  if (pins == nullptr) return StoreAnswer::kLarge;
  pins->add(row);
  return StoreAnswer::kOk;
}

}  // namespace

StoreAnswer OrderedStore::lookup(Term key, StoreGate gate, Allocator& heap, Term* rows,
                                 PinnedRows* pins) {
  Reading reading(*this, gate.user());
  if (!reading || !gate.open()) return StoreAnswer::kRefused;
  const Leaf* entered = reading.enter(place_of(key));
  if (entered == nullptr) return StoreAnswer::kRefused;
  const Leaf& leaf = *entered;
  const size_t index = leaf.find(key);
  *rows = Term::nil();
  if (index == leaf.count) return StoreAnswer::kOk;
  EtsObject& row = *leaf.rows[index];
  if (row.is_large()) [[unlikely]]
    return pin(row, pins);
  *rows = make_cons(heap, row.copy(heap), Term::nil());
  return StoreAnswer::kOk;
}

StoreAnswer OrderedStore::member(Term key, StoreGate gate) {
  Reading reading(*this, gate.user());
  if (!reading || !gate.open()) return StoreAnswer::kRefused;
  const Leaf* entered = reading.enter(place_of(key));
  if (entered == nullptr) return StoreAnswer::kRefused;
  const Leaf& leaf = *entered;
  return leaf.find(key) < leaf.count ? StoreAnswer::kOk : StoreAnswer::kNoKey;
}

StoreAnswer OrderedStore::element(Term key, size_t position, StoreGate gate, Allocator& heap,
                                  Term* value, PinnedRows* pins) {
  Reading reading(*this, gate.user());
  if (!reading || !gate.open()) return StoreAnswer::kRefused;
  const Leaf* entered = reading.enter(place_of(key));
  if (entered == nullptr) return StoreAnswer::kRefused;
  const Leaf& leaf = *entered;
  const size_t index = leaf.find(key);
  if (index == leaf.count) return StoreAnswer::kNoKey;
  if (leaf.rows[index]->is_large()) [[unlikely]]
    return pin(*leaf.rows[index], pins);
  if (position > leaf.rows[index]->arity()) return StoreAnswer::kPosition;
  *value = leaf.rows[index]->copy_element(position, heap);
  return StoreAnswer::kOk;
}

StoreAnswer OrderedStore::insert(EtsObject* row, bool only_new, StoreGate gate) {
  if (fine_) {
    Changing changing(*this, gate.user());
    if (!changing || !gate.open()) return StoreAnswer::kRefused;
    const Term key = key_of(row);
    Leaf* entered = changing.enter(key);
    if (entered == nullptr) return StoreAnswer::kRefused;
    Leaf& leaf = *entered;
    const size_t index = leaf.lower_bound(key);
    if (index < leaf.count && ets_compare(leaf.keys[index], key) == 0) {
      if (only_new) return StoreAnswer::kExists;
      replace_at(leaf, index, row);
      return StoreAnswer::kOk;
    }
    if (leaf.count < leaf_limit()) {
      put_at(leaf, index, row);
      return StoreAnswer::kOk;
    }
  }
  const Structure structure(*this, gate.user());
  return structure && gate.open() ? put_exclusive(row, only_new) : StoreAnswer::kRefused;
}

StoreAnswer OrderedStore::insert_all(std::span<EtsObject* const> rows, bool only_new,
                                     StoreGate gate) {
  const Structure structure(*this, gate.user());
  if (!structure || !gate.open()) return StoreAnswer::kRefused;
  if (only_new) {
    for (EtsObject* row : rows) {
      const Leaf& leaf = leaf_at(place_of(key_of(row)));
      if (leaf.find(key_of(row)) < leaf.count) return StoreAnswer::kExists;
    }
  }
  for (EtsObject* row : rows) put_exclusive(row, false);
  return StoreAnswer::kOk;
}

StoreAnswer OrderedStore::erase(Term key, StoreGate gate, Allocator& heap, Term* taken,
                                PinnedRows* pins) {
  if (taken != nullptr) *taken = Term::nil();
  {
    Changing changing(*this, gate.user());
    if (!changing || !gate.open()) return StoreAnswer::kRefused;
    Leaf* entered = changing.enter(key);
    if (entered == nullptr) return StoreAnswer::kRefused;
    Leaf& leaf = *entered;
    const size_t index = leaf.find(key);
    if (index == leaf.count) return StoreAnswer::kOk;
    if (taken != nullptr && leaf.rows[index]->is_large()) [[unlikely]] {
      if (pin(*leaf.rows[index], pins) == StoreAnswer::kLarge) return StoreAnswer::kLarge;
    } else if (taken != nullptr) {
      *taken = make_cons(heap, leaf.rows[index]->copy(heap), Term::nil());
    }
    remove_at(leaf, index);
    if (changing.has_structure()) {
      if (leaf.count < kSparseLeafRows) tidy(changing.place());
      return StoreAnswer::kOk;
    }
    if (leaf.count != 0) return StoreAnswer::kOk;
  }
  // An empty leaf is as good, until somebody comes by.
  const Structure structure(*this, gate.user());
  if (structure) tidy(place_of(key));
  return StoreAnswer::kOk;
}

StoreAnswer OrderedStore::erase_object(Term tuple, StoreGate gate) {
  const Term key = tuple_elements(tuple)[key_position_ - 1];
  Changing changing(*this, gate.user());
  if (!changing || !gate.open()) return StoreAnswer::kRefused;
  Leaf* entered = changing.enter(key);
  if (entered == nullptr) return StoreAnswer::kRefused;
  Leaf& leaf = *entered;
  const size_t index = leaf.find(key);
  if (index == leaf.count || !same_tuple(*leaf.rows[index], tuple)) {
    return StoreAnswer::kOk;
  }
  remove_at(leaf, index);
  if (changing.has_structure() && leaf.count < kSparseLeafRows) tidy(changing.place());
  return StoreAnswer::kOk;
}

StoreAnswer OrderedStore::update(Term key, StoreGate gate, RowUpdater& updater) {
  {
    Changing changing(*this, gate.user());
    if (!changing || !gate.open()) return StoreAnswer::kRefused;
    Leaf* entered = changing.enter(key);
    if (entered == nullptr) return StoreAnswer::kRefused;
    Leaf& leaf = *entered;
    const size_t index = leaf.find(key);
    if (index < leaf.count) {
      EtsObject* row = leaf.rows[index];
      EtsObject* updated = updater.update(*row);
      if (updated != nullptr && updated != row) replace_at(leaf, index, updated);
      return StoreAnswer::kOk;
    }
    if (leaf.count < leaf_limit() || changing.has_structure()) return add_initial(updater);
  }
  // The leaf must be split for it.
  const Structure structure(*this, gate.user());
  if (!structure || !gate.open()) return StoreAnswer::kRefused;
  Leaf& leaf = leaf_at(place_of(key));
  const size_t index = leaf.find(key);
  if (index == leaf.count) return add_initial(updater);
  EtsObject* row = leaf.rows[index];
  EtsObject* updated = updater.update(*row);
  if (updated != nullptr && updated != row) replace_at(leaf, index, updated);
  return StoreAnswer::kOk;
}

// Where there is no row of the key, and room in its leaf or the whole structure is held.
StoreAnswer OrderedStore::add_initial(RowUpdater& updater) {
  EtsObject* row = updater.make_initial();
  if (row == nullptr) return StoreAnswer::kNoKey;
  EtsObject* updated = updater.update(*row);
  if (updated != row) free_object(row);
  if (updated == nullptr) return StoreAnswer::kOk;
  return put_exclusive(updated, false);
}

StoreAnswer OrderedStore::step(KeyStep step, Term key, bool with_rows, StoreGate gate,
                               Allocator& heap, Term* result) {
  Reading reading(*this, gate.user());
  if (!reading || !gate.open()) return StoreAnswer::kRefused;
  const EtsObject* row = nullptr;
  // Nothing stays dead here.
  if (step == KeyStep::kFirstOfAll) step = KeyStep::kFirst;
  if (step == KeyStep::kNextOfAll) step = KeyStep::kNext;
  if (step == KeyStep::kFirst || step == KeyStep::kNext) {
    Place place = step == KeyStep::kFirst ? Place{0, 0} : place_of(key);
    const Leaf* leaf = reading.enter(place);
    if (leaf == nullptr) return StoreAnswer::kRefused;
    size_t index = step == KeyStep::kFirst ? 0 : leaf->upper_bound(key);
    while (index == leaf->count) {
      if (!next_place(&place)) return StoreAnswer::kEnd;
      leaf = reading.enter(place);
      if (leaf == nullptr) return StoreAnswer::kRefused;
      index = 0;
    }
    row = leaf->rows[index];
  } else {
    Place place = {chunks_.size() - 1, chunks_.back()->leaves.size() - 1};
    if (step == KeyStep::kPrevious) place = place_of(key);
    const Leaf* leaf = reading.enter(place);
    if (leaf == nullptr) return StoreAnswer::kRefused;
    size_t index = step == KeyStep::kLast ? leaf->count : leaf->lower_bound(key);
    while (index == 0) {
      if (!previous_place(&place)) return StoreAnswer::kEnd;
      leaf = reading.enter(place);
      if (leaf == nullptr) return StoreAnswer::kRefused;
      index = leaf->count;
    }
    row = leaf->rows[index - 1];
  }
  *result = copy_term(heap, key_of(row), nullptr);
  if (with_rows) {
    const Term rows = make_cons(heap, row->copy(heap), Term::nil());
    *result = make_tuple(heap, {*result, rows});
  }
  return StoreAnswer::kOk;
}

StoreAnswer OrderedStore::slot(size_t number, StoreGate gate, Allocator& heap, Term* rows) {
  Reading reading(*this, gate.user());
  if (!reading || !gate.open()) return StoreAnswer::kRefused;
  Place place = {0, 0};
  do {
    const Leaf* leaf = reading.enter(place);
    if (leaf == nullptr) return StoreAnswer::kRefused;
    if (number < leaf->count) {
      *rows = make_cons(heap, leaf->rows[number]->copy(heap), Term::nil());
      return StoreAnswer::kOk;
    }
    number -= leaf->count;
  } while (next_place(&place));
  return number == 0 ? StoreAnswer::kEnd : StoreAnswer::kPosition;
}

size_t OrderedStore::leaf_limit() const { return splits_eagerly() ? kEagerLeafRows : kLeafRows; }

size_t OrderedStore::leaf_count() {
  const Structure structure(*this);
  size_t leaves = 0;
  for (const Chunk* chunk : chunks_) leaves += chunk->leaves.size();
  return leaves;
}

void OrderedStore::pass_through() { const Structure structure(*this); }

bool OrderedStore::clear(int64_t* budget) {
  const Structure structure(*this, {LockUser::Kind::kGivesUp});
  if (!structure) return false;
  bool done = false;
  while (!done && *budget > 0) {
    Place place = {chunks_.size() - 1, chunks_.back()->leaves.size() - 1};
    Leaf& leaf = leaf_at(place);
    size_t words = 0;
    for (size_t i = 0; i < leaf.count; ++i) {
      words += leaf.rows[i]->count + kOrderedObjectWords;
      free_object(leaf.rows[i]);
    }
    count(-static_cast<ptrdiff_t>(leaf.count), -static_cast<ptrdiff_t>(words));
    *budget -= 3 * int64_t{leaf.count} + 1;  // freeing takes as long as looking at a few rows
    leaf.count = 0;
    done = place.chunk == 0 && place.leaf == 0;
    if (!done) remove_leaf(&place);
  }
  return done;
}

}  // namespace joist
