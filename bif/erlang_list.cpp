// List functions of module erlang: hd, tl, length, ++ and --.
#include <memory>
#include <optional>
#include <vector>

#include "bif/in_slices.h"
#include "bif/list_length.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/term/compare.h"
#include "vm/term/hash.h"

namespace joist {
namespace {

Term hd_1(Process& p, Term list) { return list.is_list() ? list.head() : p.badarg(); }

Term tl_1(Process& p, Term list) { return list.is_list() ? list.tail() : p.badarg(); }

Term length_1(Process& p, Term list) {
  using Job = SuspendedWork<ListLength>;
  StepBudget budget(p);
  std::unique_ptr<Job> job = p.resume<Job>();
  ListLength counting = job == nullptr ? ListLength(list) : job->work;
  switch (counting.run(&budget.left())) {
    case Progress::kDone:
      return Term::small(static_cast<int64_t>(counting.length));
    case Progress::kRefused:
      return p.badarg();
    case Progress::kPaused:
      break;
  }
  return p.suspend_in_place(std::make_unique<Job>(std::move(counting)), 1);
}

// A copy of a list, but for its tail.
class Append {
 public:
  Append(Allocator& heap, Term left, Term right)
      : heap_(heap), right_(right), length_(left), rest_(left) {}

  Progress run(int64_t* budget) {
    if (cell_ == nullptr) {
      const Progress counted = length_.run(budget);
      if (counted != Progress::kDone) return counted;
      if (right_.is_nil()) {
        result_ = rest_;
        return Progress::kDone;
      }
      cell_ = heap_.alloc(2 * length_.length);
      result_ = Term::list(cell_);
    }
    int64_t left = *budget;
    for (; rest_.is_list() && left > 0; rest_ = rest_.tail(), cell_ += 2, --left) {
      cell_[0] = rest_.head().bits();
      cell_[1] = Term::list(cell_ + 2).bits();
    }
    *budget = left;
    if (rest_.is_list()) return Progress::kPaused;
    cell_[-1] = right_.bits();
    return Progress::kDone;
  }
  Term result() const { return result_; }

 private:
  Allocator& heap_;
  Term right_;
  ListLength length_;
  Term rest_;
  Word* cell_ = nullptr;  // null: the length is not known yet
  Term result_ = Term::none();
};

Term append_2(Process& p, Term left, Term right) {
  if (left.is_nil()) return right;
  if (!left.is_list()) return p.badarg();
  return in_slices<Append>(
      p, {left, right}, [&] { return Append(p.heap, left, right); },
      [](Append& append) { return append.result(); });
}

// The elements still to be taken away, each as often as it is there. Long lists are hashed, so
// that subtraction takes time linear in the lengths.
class Removals {
 public:
  // Of so many elements, each of which add() brings.
  explicit Removals(size_t count) : left_(count) {
    if (count <= kScanLimit) return;
    size_t slots = 8;
    while (slots < count * 2) slots *= 2;
    slots_.assign(slots, 0);
  }

  void add(Term term) {
    if (slots_.empty()) {
      entries_.push_back({term, 0, 1});
      return;
    }
    uint32_t hash = internal_hash(term);
    uint32_t* slot = place(term, hash);
    if (*slot == 0) {
      entries_.push_back({term, hash, 0});
      *slot = static_cast<uint32_t>(entries_.size());
    }
    ++entries_[*slot - 1].count;
  }

  bool empty() const { return left_ == 0; }
  // Takes one such element; false: there is none left.
  bool take(Term term) {
    Entry* entry = slots_.empty() ? scan(term) : find(term, internal_hash(term));
    if (entry == nullptr || entry->count == 0) return false;
    --entry->count;
    --left_;
    return true;
  }

 private:
  static constexpr size_t kScanLimit = 12;
  struct Entry {
    Term term;
    uint32_t hash;
    uint32_t count;
  };

  Entry* scan(Term term) {
    for (Entry& entry : entries_) {
      if (entry.count != 0 && exact_equal(entry.term, term)) return &entry;
    }
    return nullptr;
  }
  Entry* find(Term term, uint32_t hash) {
    uint32_t index = *place(term, hash);
    return index == 0 ? nullptr : &entries_[index - 1];
  }
  // The slot of a term, or the free one where it would be.
  uint32_t* place(Term term, uint32_t hash) {
    size_t mask = slots_.size() - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      if (slots_[i] == 0) return &slots_[i];
      const Entry& entry = entries_[slots_[i] - 1];
      if (entry.hash == hash && exact_equal(entry.term, term)) return &slots_[i];
    }
  }
  size_t left_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // index into entries_ + 1; 0: free
};

class Subtract {
 public:
  Subtract(Allocator& heap, Term list, Term removed)
      : list_(list), removed_(removed), length_(list), removed_length_(removed), result_(heap) {}

  Progress run(int64_t* budget) {
    for (ListLength* length : {&length_, &removed_length_}) {
      const Progress counted = length->run(budget);
      if (counted != Progress::kDone) return counted;
    }
    if (list_.is_nil() || removed_length_.length == 0) return finish(list_);
    if (!removals_) removals_.emplace(removed_length_.length);
    for (; removed_.is_list(); removed_ = removed_.tail()) {
      if ((*budget -= kStepsPerElement) < 0) return Progress::kPaused;
      removals_->add(removed_.head());
    }
    for (; list_.is_list(); list_ = list_.tail()) {
      if (removals_->empty()) return finish(list_);
      if ((*budget -= kStepsPerElement) < 0) return Progress::kPaused;
      if (!removals_->take(list_.head())) result_.add(list_.head());
    }
    return finish(Term::nil());
  }
  Term result() const { return whole_; }

 private:
  static constexpr int64_t kStepsPerElement = 8;  // each is hashed, or compared with some

  Progress finish(Term tail) {
    whole_ = result_.finish(tail);
    return Progress::kDone;
  }

  Term list_;
  Term removed_;
  ListLength length_;
  ListLength removed_length_;
  std::optional<Removals> removals_;
  ListBuilder result_;
  Term whole_ = Term::none();
};

Term subtract_2(Process& p, Term list, Term removed) {
  return in_slices<Subtract>(
      p, {list, removed}, [&] { return Subtract(p.heap, list, removed); },
      [](Subtract& subtract) { return subtract.result(); });
}

constexpr NativeEntry kErlangListNatives[] = {
    {"erlang", "++", native<append_2>},
    {"erlang", "--", native<subtract_2>},
    {"erlang", "append", native<append_2>},
    {"erlang", "hd", native<hd_1>, kGuard},
    {"erlang", "length", native<length_1>, kGuard},
    {"erlang", "subtract", native<subtract_2>},
    {"erlang", "tl", native<tl_1>, kGuard},
};

}  // namespace

std::span<const NativeEntry> erlang_list_natives() { return kErlangListNatives; }

}  // namespace joist
