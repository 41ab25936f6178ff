// Visiting a range of an ordered set, in either direction.
#include <optional>

#include "vm/ets/ordered_nodes.h"
#include "vm/heap/copy.h"
#include "vm/match/pattern.h"

namespace joist {

// One walk. With `exclusive` it holds the whole structure, otherwise one lock of it and, leaf by
// leaf, the leaf's.
class OrderedStore::Scan {
 public:
  Scan(OrderedStore& store, const Range& range, bool exclusive, LockUser user, RowVisitor& visitor)
      : store_(store), range_(range), exclusive_(exclusive), visitor_(visitor), user_{user.kind} {
    if (exclusive) {
      held_ = store.lock_structure(user_);
    } else {
      structure_.emplace(store.own_structure_lock(), user_);
      held_ = bool{*structure_};
    }
  }
  ~Scan() {
    if (exclusive_ && held_) store_.unlock_structure(user_, store_.lock_count_);
  }
  explicit operator bool() const { return held_; }
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  StoreAnswer forward(Allocator& heap, Term* last);
  StoreAnswer backward(Allocator& heap, Term* last);

 private:
  // null: the user has given up.
  Leaf* enter(Place place) {
    leaf_.reset();
    Leaf& leaf = store_.leaf_at(place);
    if (store_.fine_ && !exclusive_ && !leaf_.emplace(leaf.lock, user_)) return nullptr;
    return &leaf;
  }
  // Negative: the key is behind the range; positive: before it.
  int order(Term key) const {
    return range_.pattern.is_none() ? 0 : compare_bound_part(range_.pattern, key);
  }
  // A key that was met, when its leaf is left: where rows may go then it is copied.
  Term carried(Term met, Allocator& heap) const {
    if (!store_.fine_ || exclusive_ || met == range_.after) return met;
    return copy_term(heap, met, nullptr);
  }
  // A key that is carried, or was given.
  static StoreAnswer stop(Term met, Term* last) {
    *last = met;
    return StoreAnswer::kOk;
  }
  // All have been visited. One who had enough with the last one wants its key all the same.
  StoreAnswer end(Term met, Allocator& heap, Term* last) {
    if (!exclusive_ && !met.is_none() && !visitor_.wants_more()) {
      *last = copy_term(heap, met, nullptr);
    }
    return StoreAnswer::kEnd;
  }
  // False: the row is gone, another is at its index.
  bool visit(Leaf& leaf, size_t index);

  OrderedStore& store_;
  const Range& range_;
  const bool exclusive_;
  RowVisitor& visitor_;
  const LockUser user_;  // without a slot
  bool held_ = false;
  std::optional<SharedGuard> structure_;
  std::optional<SharedGuard> leaf_;
};

bool OrderedStore::Scan::visit(Leaf& leaf, size_t index) {
  EtsObject* replacement = nullptr;
  switch (visitor_.visit(*leaf.rows[index], &replacement)) {
    case RowAction::kKeep:
      return true;
    case RowAction::kReplace:
      store_.replace_at(leaf, index, replacement);
      return true;
    case RowAction::kDelete:
      store_.remove_at(leaf, index);
      return false;
  }
  return true;
}

StoreAnswer OrderedStore::Scan::forward(Allocator& heap, Term* last) {
  // The keys in front of the range, and what is behind `after`.
  const auto before = [this](Term key) {
    if (range_.after.is_none()) return order(key) > 0;
    const int behind = ets_compare(key, range_.after);
    return range_.inclusive ? behind < 0 : behind <= 0;
  };
  Place place =
      range_.after.is_none() && range_.pattern.is_none() ? Place{0, 0} : store_.find_place(before);
  Leaf* leaf = enter(place);
  if (leaf == nullptr) return StoreAnswer::kOk;
  size_t index = range_.after.is_none() && range_.pattern.is_none() ? 0 : leaf->partition(before);
  Term met = range_.after;  // of the latest row; in its row or on the heap
  while (true) {
    if (index == leaf->count) {
      met = carried(met, heap);
      const bool drop = exclusive_ && leaf->count == 0 && !store_.splits_eagerly();
      const bool more = drop ? store_.remove_leaf(&place) : store_.next_place(&place);
      if (!more) return end(met, heap, last);
      leaf = enter(place);
      if (leaf == nullptr) return stop(met, last);
      index = 0;
      continue;
    }
    if (order(leaf->keys[index]) < 0) return end(met, heap, last);
    if (!visitor_.wants_more()) {
      // Rows that were met may be gone after an exclusive walk: it tells what comes next.
      *last = copy_term(heap, exclusive_ ? leaf->keys[index] : met, nullptr);
      return StoreAnswer::kOk;
    }
    if (visit(*leaf, index)) {
      met = leaf->keys[index];
      ++index;
    }
  }
}

StoreAnswer OrderedStore::Scan::backward(Allocator& heap, Term* last) {
  // The keys up to the range's end, and what is in front of `after`.
  const auto within = [this](Term key) {
    if (!range_.after.is_none()) return ets_compare(key, range_.after) < 0;
    return order(key) >= 0;
  };
  Place place = store_.find_place(within);
  Leaf* leaf = enter(place);
  if (leaf == nullptr) return StoreAnswer::kOk;
  size_t index = leaf->partition(within);
  Term met = range_.after;
  while (true) {
    if (index == 0) {
      met = carried(met, heap);
      if (!store_.previous_place(&place)) return end(met, heap, last);
      leaf = enter(place);
      if (leaf == nullptr) return stop(met, last);
      index = leaf->count;
      continue;
    }
    if (order(leaf->keys[index - 1]) > 0) return end(met, heap, last);
    if (!visitor_.wants_more()) {
      *last = copy_term(heap, met, nullptr);
      return StoreAnswer::kOk;
    }
    --index;
    met = leaf->keys[index];
    visit(*leaf, index);
  }
}

StoreAnswer OrderedStore::scan(const Range& range, bool exclusive, StoreGate gate,
                               RowVisitor& visitor, Allocator& heap, Term* last) {
  Scan scan(*this, range, exclusive, gate.user(), visitor);
  if (!scan) return StoreAnswer::kOk;
  if (!gate.open()) return StoreAnswer::kRefused;
  return range.backward ? scan.backward(heap, last) : scan.forward(heap, last);
}

StoreAnswer OrderedStore::visit_key(Term key, bool exclusive, StoreGate gate, RowVisitor& visitor) {
  // A key that is fully bound is a range of its own; its rows are at most one.
  class One final : public RowVisitor {
   public:
    explicit One(RowVisitor& inner) : inner_(inner) {}
    RowAction visit(EtsObject& row, EtsObject** replacement) override {
      return inner_.visit(row, replacement);
    }
    bool wants_more() override { return true; }

   private:
    RowVisitor& inner_;
  };
  One one(visitor);
  Range range{key};
  Allocator scratch;
  Term last = Term::none();
  const StoreAnswer answer = scan(range, exclusive, gate, one, scratch, &last);
  return answer == StoreAnswer::kEnd ? StoreAnswer::kOk : StoreAnswer::kRefused;
}

}  // namespace joist
