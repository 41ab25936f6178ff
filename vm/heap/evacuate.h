// The inner loops of the collector: Cheney's algorithm with one or two target areas.
//
//   from-space    |..moved..|......|..moved..|      forwarding: see below
//   to-space      |#### scanned ####|... copied ...|  free  |
//   old block     |########## tenured ###########|... copied ...|  free  |
//
// Forwarding: a moved boxed object has its new pointer in place of the header (low bits 101, a
// header has 111); a moved cell has none() as head and its new pointer as tail.
//
// The common minor collection knows its from-space as one address range (kBlock), so that a
// pointer to anything else - old block, literals, what is copied already - costs one compare.
// With fragments, and for a fullsweep, from-space is everything but these (kAnywhere). A collection
// that takes leaving literals along (kAnywhereAndLeaving) moves copies of them.
#pragma once

#include <cstring>

#include "vm/heap/address_range.h"
#include "vm/heap/heap.h"
#include "vm/heap/literal_copies.h"

namespace joist {

enum class FromSpace { kBlock, kAnywhere, kAnywhereAndLeaving };

struct EvacuationPlan {
  AddressRange young;  // the young block's objects
  size_t mature = 0;   // bytes at the start of `young` that go to the old block
  // Not in from-space; looked at only by kAnywhere.
  AddressRange old;
  AddressRange literals;
  AddressRange to;
  LiteralCopies* copies = nullptr;  // of kAnywhereAndLeaving
};

template <FromSpace kFrom, bool kPromote>
class Evacuator {
 public:
  Evacuator(const EvacuationPlan& plan, Word* to, Word* old_to)
      : plan_(plan), to_(to), old_to_(old_to) {}

  Word* to() const { return to_; }
  Word* old_to() const { return old_to_; }

  // Of registers and stack words: return addresses look like headers and are left alone.
  void visit(Word* from, const Word* end) {
    for (; from < end; ++from) {
      if ((*from & 3) == 1) visit_pointer(from);
    }
  }

  // Visits all that was copied, and what that copies in turn.
  void scan(Word* to_scan, Word* old_scan) {
    while (true) {
      to_scan = scan_area(to_scan, to_);
      if constexpr (!kPromote) return;
      if (old_scan == old_to_) return;
      old_scan = scan_area(old_scan, old_to_);
      if (to_scan == to_) return;
    }
  }

 private:
  bool in_from_space(Word address) const {
    if constexpr (kFrom == FromSpace::kBlock) return plan_.young.contains(address);
    return !plan_.literals.contains(address) && !plan_.to.contains(address) &&
           !plan_.old.contains(address);
  }
  bool is_mature(Word address) const {
    return kPromote && address - plan_.young.base < plan_.mature;
  }

  // `end` is a member that grows while the area is scanned.
  Word* scan_area(Word* scan, Word* const& end) {
    while (scan < end) {
      const Word word = *scan;
      if ((word & 3) == 1) {
        visit_pointer(scan);
        ++scan;
      } else if ((word & 7) == 7) {
        scan = skip_raw(scan, word);
      } else {
        ++scan;
      }
    }
    return scan;
  }

  // The first word behind a header and its raw words.
  Word* skip_raw(Word* object, Word header) {
    const Boxed kind = header_kind(header);
    if (kind == Boxed::kTuple) return object + 1;
    if (kind == Boxed::kMatchContext) return visit_match_context(object);
    const size_t raw_words = kind_info(kind).raw_words;
    return object + 1 + (raw_words == kAllRaw ? header_words(header) : raw_words);
  }

  Word* visit_match_context(Word* object) {
    auto* context = reinterpret_cast<MatchContext*>(object);
    Word* holder = reinterpret_cast<Word*>(&context->holder);
    visit_pointer(holder);
    const Word* bits = context->holder.object();
    context->base = header_kind(*bits) == Boxed::kHeapBits
                        ? reinterpret_cast<const HeapBits*>(bits)->bytes
                        : reinterpret_cast<const OffHeap*>(bits)->binary->bytes;
    return object + kMatchContextWords;
  }

  [[gnu::always_inline]] void visit_pointer(Word* slot) {
    const Word bits = *slot;
    Word address = bits & ~Word{7};
    if constexpr (kFrom == FromSpace::kAnywhereAndLeaving) {
      if (plan_.literals.contains(address)) {
        address = plan_.copies->relocate(address);
        if (address == 0) return;
      } else if (!in_from_space(address)) {
        return;
      }
    } else {
      if (!in_from_space(address)) return;
    }
    Word* object = reinterpret_cast<Word*>(address);
    const Word first = object[0];
    if ((bits & 4) != 0) {
      *slot = (first & 2) == 0 ? first : move_object(object, first);
    } else {
      *slot = first == Term::none().bits() ? object[1] : move_list(object);
    }
  }

  Word move_object(Word* object, Word header) {
    if (is_mature(reinterpret_cast<Word>(object))) {
      return move_words(object, header_words(header) + 1, old_to_);
    }
    return move_words(object, header_words(header) + 1, to_);
  }

  static Word move_words(Word* object, size_t words, Word*& to) {
    constexpr size_t kLongObject = 24;
    Word* target = to;
    to = target + words;
    if (words > kLongObject) [[unlikely]] {
      memcpy(target, object, words * sizeof(Word));
    } else {
      for (size_t i = 0; i < words; ++i) target[i] = object[i];
    }
    const Word moved = Term::boxed(target).bits();
    object[0] = moved;
    return moved;
  }

  Word move_list(Word* cell) {
    if (is_mature(reinterpret_cast<Word>(cell))) return move_cells<true>(cell, old_to_);
    return move_cells<false>(cell, to_);
  }

  // Moves the cell and, next to it, those that follow in the same generation.
  template <bool kMature>
  Word move_cells(Word* cell, Word*& to) {
    Word* target = to;
    const Word first = Term::list(target).bits();
    while (true) {
      const Word tail = cell[1];
      target[0] = cell[0];
      cell[0] = Term::none().bits();
      cell[1] = Term::list(target).bits();
      Word* next = reinterpret_cast<Word*>(tail - 1);
      if ((tail & 7) != 1 || !in_from_space(tail - 1) || is_mature(tail - 1) != kMature ||
          next[0] == Term::none().bits()) {
        target[1] = tail;
        to = target + 2;
        return first;
      }
      target[1] = Term::list(target + 2).bits();
      target += 2;
      cell = next;
    }
  }

  const EvacuationPlan plan_;
  Word* to_;
  Word* old_to_;
};

}  // namespace joist
