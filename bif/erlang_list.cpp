// List functions of module erlang: hd, tl, length, ++ and --.
#include <memory>
#include <optional>
#include <vector>

#include "bif/registry.h"
#include "bif/step_budget.h"
#include "vm/heap/builder.h"
#include "vm/term/compare.h"
#include "vm/term/hash.h"

namespace joist {
namespace {

Term hd_1(Process& p, Term list) { return list.is_list() ? list.head() : p.badarg(); }

Term tl_1(Process& p, Term list) { return list.is_list() ? list.tail() : p.badarg(); }

Term length_1(Process& p, Term list) {
  std::optional<size_t> length = charged_list_length(p, list);
  return length ? Term::small(static_cast<int64_t>(*length)) : p.badarg();
}

Term append_2(Process& p, Term left, Term right) {
  if (left.is_nil()) return right;
  if (!left.is_list()) return p.badarg();
  std::optional<size_t> length = charged_list_length(p, left);
  if (!length) return p.badarg();
  if (right.is_nil()) return left;
  Word* cell = p.heap.alloc(2 * *length);
  Term result = Term::list(cell);
  for (Term rest = left; rest.is_list(); rest = rest.tail(), cell += 2) {
    cell[0] = rest.head().bits();
    cell[1] = Term::list(cell + 2).bits();
  }
  cell[-1] = right.bits();
  return result;
}

// The elements still to be taken away, each as often as it is there. Long lists are hashed, so
// that subtraction takes time linear in the lengths.
class Removals {
 public:
  Removals(Term list, size_t count) : left_(count) {
    if (count <= kScanLimit) {
      for (; list.is_list(); list = list.tail()) entries_.push_back({list.head(), 0, 1});
      return;
    }
    size_t slots = 8;
    while (slots < count * 2) slots *= 2;
    slots_.assign(slots, 0);
    for (; list.is_list(); list = list.tail()) add(list.head());
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
  void add(Term term) {
    uint32_t hash = internal_hash(term);
    uint32_t* slot = place(term, hash);
    if (*slot == 0) {
      entries_.push_back({term, hash, 0});
      *slot = static_cast<uint32_t>(entries_.size());
    }
    ++entries_[*slot - 1].count;
  }

  size_t left_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // index into entries_ + 1; 0: free
};

Term subtract_2(Process& p, Term list, Term removed) {
  std::optional<size_t> length = charged_list_length(p, list);
  std::optional<size_t> removed_length = charged_list_length(p, removed);
  if (!length || !removed_length) return p.badarg();
  if (*length == 0 || *removed_length == 0) return list;
  p.charge(static_cast<int64_t>(*length + *removed_length));
  Removals removals(removed, *removed_length);
  ListBuilder result(p.heap);
  for (; list.is_list(); list = list.tail()) {
    if (removals.empty()) return result.finish(list);
    if (!removals.take(list.head())) result.add(list.head());
  }
  return result.finish();
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
