// Copying is Cheney's algorithm without forwarding: the words copied so far are their own work
// list, so depth and length of a term cost nothing.
//
//   target   |##### scanned #####|.... copied, points into the source ....|  free  |
//                                ^ scan                                   ^ top
#include "vm/heap/copy.h"

#include <cstring>

#include "vm/heap/address_range.h"
#include "vm/heap/leaving_literals.h"
#include "vm/heap/work_stack.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

// Literals that a copy shares: all but those that are about to be released.
struct SharedLiterals {
  AddressRange range;
  const LeavingLiterals* leaving = nullptr;

  bool contains(Word bits) const {
    return range.contains(bits) && (leaving == nullptr || !leaving->contains(bits));
  }
};

// A view that a copy replaces by its bits.
bool is_small_view(const Word* object) {
  return header_kind(object[0]) == Boxed::kSubBits && object[1] <= kHeapBitsLimit * 8;
}

size_t first_term(Word header) {
  const size_t raw_words = kind_info(header_kind(header)).raw_words;
  return raw_words == kAllRaw ? header_words(header) : raw_words;
}

struct Pending {
  const Term* next;
  const Term* end;
};

// The first of them that is a pointer.
[[gnu::always_inline]] inline const Term* skip_immediates(const Term* next, const Term* end) {
  while (next != end && !next->is_pointer()) ++next;
  return next;
}

// kMoreWords: more than `limit`.
template <typename Visit>
size_t sum_objects(Term term, Visit&& visit, size_t limit = SIZE_MAX) {
  WorkStack<Pending> pending;
  size_t total = 0;
  if (!term.is_pointer()) return 0;
  while (true) {  // `term` is a pointer
    const size_t words = visit(term);
    total += words;
    if (total > limit) return kMoreWords;
    if (words != 0 && term.is_list()) {
      const Term* cell = term_words(term.cell());
      if (cell[0].is_pointer()) {
        if (cell[1].is_pointer()) pending.push({cell + 1, cell + 2});
        term = cell[0];
        continue;
      }
      if (cell[1].is_pointer()) {
        term = cell[1];
        continue;
      }
    } else if (words != 0 && !is_small_view(term.object())) {
      const Word header = term.header();
      const Term* fields = term_words(object_words(term));
      const size_t first = first_term(header);
      const size_t size = header_words(header);
      if (first < size) {
        const Term* next = skip_immediates(fields + first, fields + size);
        if (next != fields + size) pending.push({next, fields + size});
      }
    }
    // All ranges here begin with a pointer.
    if (pending.empty()) return total;
    Pending& top = pending.top();
    term = *top.next;
    top.next = skip_immediates(top.next + 1, top.end);
    if (top.next == top.end) pending.pop();
  }
}

// A word for each address: open addressing, at most half full.
class AddressMap {
 public:
  AddressMap() { slots_ = allocate(capacity_); }
  ~AddressMap() { free(slots_); }
  AddressMap(const AddressMap&) = delete;
  AddressMap& operator=(const AddressMap&) = delete;

  // The word of the address; *is_new: it was not there, and has `word` now.
  Word add(Word address, Word word, bool* is_new) {
    if (2 * count_ >= capacity_) grow();
    Slot& slot = slot_of(address);
    *is_new = slot.address == 0;
    if (*is_new) {
      slot = {address, word};
      ++count_;
    }
    return slot.word;
  }

 private:
  struct Slot {
    Word address;  // 0: free
    Word word;
  };
  static Slot* allocate(size_t count) {
    void* memory = calloc(count, sizeof(Slot));
    if (memory == nullptr) fatal("out of memory: a map of %zu addresses", count);
    return static_cast<Slot*>(memory);
  }
  Slot& slot_of(Word address) {
    size_t slot = (address * 0x9e3779b97f4a7c15) >> 20 & (capacity_ - 1);
    while (slots_[slot].address != 0 && slots_[slot].address != address) {
      slot = (slot + 1) & (capacity_ - 1);
    }
    return slots_[slot];
  }
  void grow() {
    Slot* old = slots_;
    const size_t old_capacity = capacity_;
    capacity_ *= 4;
    slots_ = allocate(capacity_);
    for (size_t i = 0; i < old_capacity; ++i) {
      if (old[i].address != 0) slot_of(old[i].address) = old[i];
    }
    free(old);
  }

  size_t capacity_ = 256;
  size_t count_ = 0;
  Slot* slots_;
};

// Words of one object as it lies.
size_t object_size(Term term) { return term.is_list() ? 2 : 1 + header_words(term.header()); }

// Words of an object's copy.
size_t copied_size(Term object) {
  if (object.is_boxed() && is_small_view(object.object())) {
    return heap_bits_words(bits_size(object));
  }
  return object_size(object);
}

class Copier {
 public:
  // `copies`: where the copies of objects are, so that each is copied once; null: as often as it
  // is met.
  Copier(Allocator& to, Word* target, size_t words, SharedLiterals literals,
         AddressMap* copies = nullptr)
      : to_(to),
        start_(target),
        top_(target),
        target_(target, target + words),
        literals_(literals),
        copies_(copies) {}

  Term run(Term term) {
    Word root = term.bits();
    copy(&root);
    for (Word* scan = start_; scan < top_;) {
      const Word word = *scan;
      if ((word & 7) == 7) {
        scan += 1 + first_term(word);
      } else {
        if ((word & 3) == 1 && !literals_.contains(word) && !target_.contains(word)) copy(scan);
        ++scan;
      }
    }
    return Term::from_bits(root);
  }
  Word* top() const { return top_; }

 private:
  // Copies the object that *slot points to and makes *slot point to the copy.
  void copy(Word* slot) {
    const Term term = Term::from_bits(*slot);
    *slot = (term.is_list() ? Term::list(top_) : Term::boxed(top_)).bits();
    if (copies_ != nullptr && is_copied(term, slot)) return;
    if (term.is_list()) {
      copy_spine(term);
    } else {
      copy_object(term);
    }
  }

  // Whether there is a copy: then *slot is made to point to it, else what it points to becomes it.
  bool is_copied(Term term, Word* slot) {
    bool is_new;
    *slot = copies_->add(term.bits(), *slot, &is_new);
    return !is_new;
  }

  // The cells of a list next to each other; their heads are left for the scan.
  void copy_spine(Term list) {
    while (true) {
      Word* cell = top_;
      top_ += 2;
      cell[0] = list.head().bits();
      const Term tail = list.tail();
      if (!tail.is_list() || literals_.contains(tail.bits())) {
        cell[1] = tail.bits();
        return;
      }
      cell[1] = Term::list(top_).bits();
      if (copies_ != nullptr && is_copied(tail, cell + 1)) return;
      list = tail;
    }
  }

  void copy_object(Term term) {
    const Word* from = term.object();
    if (is_small_view(from)) {
      copy_small_view(term);
      return;
    }
    const size_t words = 1 + header_words(from[0]);
    Word* object = top_;
    memcpy(object, from, words * sizeof(Word));
    top_ += words;
    switch (header_kind(from[0])) {
      case Boxed::kBinRef:
      case Boxed::kMagicRef: {
        auto* off_heap = reinterpret_cast<OffHeap*>(object);
        off_heap->binary->retain();
        to_.link_off_heap(off_heap);
        break;
      }
      case Boxed::kMatchContext:
        fatal("a match context is no value, but was to be copied");
      default:
        break;
    }
  }

  // A copy of a few bits should not keep a large buffer alive.
  void copy_small_view(Term term) {
    const size_t bits = bits_size(term);
    const size_t words = heap_bits_words(bits);
    top_[0] = make_header(Boxed::kHeapBits, words - 1);
    top_[1] = bits;
    top_[words - 1] = words == 2 ? bits : 0;
    copy_bits_padded(reinterpret_cast<uint8_t*>(top_ + 2), bits_view(term));
    top_ += words;
  }

  Allocator& to_;
  Word* start_;
  Word* top_;
  AddressRange target_;
  SharedLiterals literals_;
  AddressMap* copies_;
};

}  // namespace

size_t copy_size(Term term, const LiteralSpace* literals) {
  return copy_size_up_to(term, literals, SIZE_MAX);
}

size_t copy_size_up_to(Term term, const LiteralSpace* literals, size_t limit) {
  const SharedLiterals shared{literal_range(literals), counted_leaving(literals)};
  const auto visit = [shared](Term object) -> size_t {
    return shared.contains(object.bits()) ? 0 : copied_size(object);
  };
  return sum_objects(term, visit, limit);
}

bool is_larger_than(Term term, size_t words) {
  if (!term.is_pointer()) return false;
  const auto visit = [](Term object) {
    if (object.is_boxed() && header_kind(object.header()) == Boxed::kSubBits) {
      return kSubBitsWords + bits_size(object) / (8 * sizeof(Word));
    }
    return object_size(object);
  };
  return sum_objects(term, visit, words) == kMoreWords;
}

Term copy_term(Allocator& to, Term term, const LiteralSpace* literals) {
  if (!term.is_pointer()) return term;
  const size_t words = copy_size(term, literals);
  return words == 0 ? term : copy_term_of_size(to, term, words, literals);
}

namespace {

// Words that a signal counts as its own must be well formed, so that they are not given back.
void fill(Word* words, size_t count) {
  words[0] = make_header(Boxed::kFiller, count - 1);
  for (size_t i = 1; i < count; ++i) words[i] = Term::nil().bits();
}

}  // namespace

Term copy_term_of_size(Allocator& to, Term term, size_t words, const LiteralSpace* literals) {
  const SharedLiterals shared{literal_range(literals), copied_leaving(literals)};
  Word* target = to.alloc(words);
  Copier copier(to, target, words, shared);
  const Term copy = copier.run(term);
  // Less than measured when literals begin or cease to leave just now.
  const auto copied = static_cast<size_t>(copier.top() - target);
  JOIST_ASSERT(copied <= words);
  if (copied < words) [[unlikely]]
    fill(target + copied, words - copied);
  return copy;
}

namespace {

Term copy_to_area(LiteralSpace& literals, Term term, size_t words, AddressMap* copies,
                  LiteralSpace::Area* area) {
  *area = literals.allocate(words);
  if (area->words == nullptr) return Term::none();
  Allocator off_heap_owner;
  Copier copier(off_heap_owner, area->words, words, SharedLiterals(), copies);
  Term copy = copier.run(term);
  area->off_heap = off_heap_owner.off_heap;
  off_heap_owner.off_heap = nullptr;
  return copy;
}

// What sum_objects() adds for an object that counts once.
template <typename Size>
size_t sum_once(Term term, Size&& size) {
  AddressMap seen;
  return sum_objects(term, [&](Term object) -> size_t {
    bool is_new;
    seen.add(object.bits(), 0, &is_new);
    return is_new ? size(object) : 0;
  });
}

}  // namespace

Term copy_to_literals(LiteralSpace& literals, Term term, LiteralSpace::Area* area) {
  *area = LiteralSpace::Area();
  if (!term.is_pointer()) return term;
  return copy_to_area(literals, term, copy_size(term, nullptr), nullptr, area);
}

Term copy_shared_to_literals(LiteralSpace& literals, Term term, LiteralSpace::Area* area) {
  *area = LiteralSpace::Area();
  if (!term.is_pointer()) return term;
  AddressMap copies;
  return copy_to_area(literals, term, sum_once(term, copied_size), &copies, area);
}

size_t shared_size(Term term) { return sum_once(term, object_size); }

size_t flat_size(Term term) { return copy_size(term, nullptr); }

}  // namespace joist
