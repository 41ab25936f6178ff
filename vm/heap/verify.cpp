// The whole-heap checker behind stress builds.
#include "vm/heap/heap.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

// Where a word was found, and what it may point to.
enum class Place { kOld, kMature, kYoung, kFragment, kStack, kRoot };

const char* place_name(Place place) {
  static const char* const names[] = {"old block", "mature part", "young block",
                                      "fragment",  "stack",       "roots"};
  return names[static_cast<size_t>(place)];
}

class Verifier {
 public:
  explicit Verifier(const Heap& heap) : heap_(heap) {}

  void run(const RootSet& roots) {
    check_bounds();
    check_area(heap_.old_start, heap_.old_top, Place::kOld);
    check_list(heap_.old_off_heap, true);
    off_heap_objects_ = 0;
    check_area(heap_.start, heap_.high_water, Place::kMature);
    check_area(heap_.high_water, heap_.top, Place::kYoung);
    for (Fragment* fragment = heap_.fragments; fragment != nullptr; fragment = fragment->next) {
      check_area(fragment->words, fragment->words + fragment->used, Place::kFragment);
    }
    check_area(heap_.abandoned.start, heap_.abandoned.top, Place::kFragment);
    check_list(heap_.off_heap, false);
    for (const Word* word = heap_.limit; word < heap_.end; ++word) {
      if ((*word & 7) != 7) check_term(word, Place::kStack);  // 7: a return address
    }
    for (size_t i = 0; i < roots.count; ++i) {
      for (const Term& term : roots.spans[i]) {
        if (!term.is_none()) check_term(reinterpret_cast<const Word*>(&term), Place::kRoot);
      }
    }
  }

 private:
  static bool within(const Word* address, const Word* from, const Word* to) {
    return address >= from && address < to;
  }
  bool in_old(const Word* address) const { return within(address, heap_.old_start, heap_.old_top); }
  bool in_young(const Word* address) const { return within(address, heap_.start, heap_.top); }
  bool in_fragment(const Word* address) const {
    for (Fragment* fragment = heap_.fragments; fragment != nullptr; fragment = fragment->next) {
      if (within(address, fragment->words, fragment->words + fragment->used)) return true;
    }
    return within(address, heap_.abandoned.start, heap_.abandoned.top);
  }
  bool is_literal(const Word* address) const {
    return heap_.literals != nullptr && heap_.literals->contains(address);
  }

  void check_bounds() const {
    const bool ordered = heap_.start <= heap_.high_water && heap_.high_water <= heap_.top &&
                         heap_.top <= heap_.limit && heap_.limit <= heap_.end &&
                         heap_.old_start <= heap_.old_top && heap_.old_top <= heap_.old_end;
    if (!ordered) fatal("heap: the pointers of its blocks are out of order");
  }

  void check_area(const Word* word, const Word* end, Place place) {
    while (word < end) {
      if ((*word & 7) == 7) {
        word = check_object(word, end, place);
      } else {
        check_term(word++, place);
      }
    }
  }

  // An object whose terms the caller goes on with; raw words are skipped.
  const Word* check_object(const Word* object, const Word* end, Place place) {
    const Word header = *object;
    const Boxed kind = header_kind(header);
    if (kind >= Boxed::kCount) bad(object, place, "header of no known kind");
    if (header_words(header) >= static_cast<size_t>(end - object)) {
      bad(object, place, "object reaches beyond its area");
    }
    const size_t raw_words = kind_info(kind).raw_words;
    if (raw_words != kAllRaw && raw_words > header_words(header)) {
      bad(object, place, "object shorter than its kind");
    }
    if (kind == Boxed::kBinRef || kind == Boxed::kMagicRef) ++off_heap_objects_;
    if (kind == Boxed::kSubBits) check_sub_bits(object, place);
    if (kind == Boxed::kHeapBits) check_heap_bits(object, place);
    if (kind == Boxed::kMatchContext) check_match_context(object, place);
    return object + 1 + (raw_words == kAllRaw ? header_words(header) : raw_words);
  }

  void check_heap_bits(const Word* object, Place place) {
    const size_t bits = object[1];
    if (bits > kHeapBitsLimit * 8 || 1 + header_words(*object) != heap_bits_words(bits)) {
      bad(object, place, "heap bits of a wrong size");
    }
  }

  void check_sub_bits(const Word* object, Place place) {
    const auto* view = reinterpret_cast<const SubBits*>(object);
    check_term(reinterpret_cast<const Word*>(&view->holder), place);
    if (!is_kind(view->holder, Boxed::kBinRef)) bad(object, place, "sub bits of no BinRef");
    const Binary* binary = reinterpret_cast<OffHeap*>(view->holder.object())->binary;
    if (view->bit_offset + view->bit_size > binary->capacity * 8) {
      bad(object, place, "sub bits beyond their buffer");
    }
  }

  void check_match_context(const Word* object, Place place) {
    const auto* context = reinterpret_cast<const MatchContext*>(object);
    check_term(reinterpret_cast<const Word*>(&context->holder), place);
    const uint8_t* base = nullptr;
    size_t bytes = 0;
    if (is_kind(context->holder, Boxed::kBinRef)) {
      const Binary* binary = reinterpret_cast<OffHeap*>(context->holder.object())->binary;
      base = binary->bytes;
      bytes = binary->capacity;
    } else if (is_kind(context->holder, Boxed::kHeapBits)) {
      const auto* bits = reinterpret_cast<const HeapBits*>(context->holder.object());
      base = bits->bytes;
      bytes = (bits->bit_size + 7) / 8;
    } else {
      bad(object, place, "match context without bits");
    }
    if (context->base != base) bad(object, place, "match context with a stale base");
    if (context->position > context->end || context->end > bytes * 8) {
      bad(object, place, "match context beyond its bits");
    }
  }

  void check_term(const Word* slot, Place place) {
    const Term term = Term::from_bits(*slot);
    if (!term.is_pointer()) {
      check_immediate(slot, place);
      return;
    }
    const Word* address = reinterpret_cast<const Word*>(*slot & ~Word{7});
    if (!is_literal(address)) check_reach(slot, address, place);
    if (term.is_list()) {
      if ((address[0] & 7) == 7) bad(slot, place, "list pointer to a boxed object");
    } else if ((address[0] & 7) != 7) {
      bad(slot, place, "boxed pointer to no header");
    } else if (header_kind(address[0]) >= Boxed::kFiller) {
      bad(slot, place, "pointer to a filler");
    }
  }

  void check_reach(const Word* slot, const Word* address, Place place) {
    if (in_old(address)) return;
    if (place == Place::kOld) bad(slot, place, "points out of the old block");
    if (in_young(address)) {
      if (place == Place::kMature && address >= heap_.high_water) {
        bad(slot, place, "points to something younger");
      }
      return;
    }
    if (place == Place::kMature) bad(slot, place, "points out of the mature part");
    if (!in_fragment(address)) bad(slot, place, "dangling pointer");
  }

  void check_immediate(const Word* slot, Place place) {
    const Term term = Term::from_bits(*slot);
    if (term.is_small() || term.is_word_float() || term.is_nil()) return;
    if (term.is_header()) bad(slot, place, "header word in place of a term");
    if (term.is_atom()) {
      if (term.atom_index() >= atom_count()) bad(slot, place, "atom that does not exist");
      return;
    }
    if (term.is_catch() && place == Place::kStack) return;
    if (!term.is_local_pid() && !term.is_local_port()) bad(slot, place, "word that is no term");
  }

  void check_list(const OffHeap* object, bool old) {
    size_t count = 0;
    for (; object != nullptr; object = object->next) {
      const Word* address = reinterpret_cast<const Word*>(object);
      if (old ? !in_old(address) : !in_young(address) && !in_fragment(address)) {
        fatal("heap: %s off-heap list holds an object from elsewhere", old ? "old" : "young");
      }
      if (object->binary == nullptr ||
          __atomic_load_n(&object->binary->reference_count, __ATOMIC_RELAXED) < 1) {
        fatal("heap: %s off-heap list holds a dead binary", old ? "old" : "young");
      }
      if (++count > off_heap_objects_) break;
    }
    if (count != off_heap_objects_) {
      fatal("heap: %s off-heap list has %s than %zu objects", old ? "old" : "young",
            count > off_heap_objects_ ? "more" : "fewer", off_heap_objects_);
    }
  }

  [[noreturn]] void bad(const Word* word, Place place, const char* what) const {
    fatal("heap: %s, at %p (%s), word %#zx", what, static_cast<const void*>(word),
          place_name(place), static_cast<size_t>(*word));
  }

  const Heap& heap_;
  size_t off_heap_objects_ = 0;  // of the generation being checked
};

}  // namespace

void verify_heap(const Heap& heap, const RootSet& roots) { Verifier(heap).run(roots); }

int64_t stress_pause(const Heap& heap) {
  constexpr size_t kSmall = 512;
  constexpr size_t kWordsPerChance = 256;
  const size_t words = static_cast<size_t>(heap.top - heap.start) + heap.stack_words() +
                       static_cast<size_t>(heap.old_top - heap.old_start);
  return words <= kSmall ? 0 : static_cast<int64_t>(words / kWordsPerChance);
}

}  // namespace joist
