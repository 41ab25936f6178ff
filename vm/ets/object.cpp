#include "vm/ets/object.h"

#include <cstdlib>
#include <cstring>

#include "vm/os/large_free.h"
#include "vm/os/memory_count.h"
#include "vm/term/compare.h"

namespace joist {

namespace {

EtsObject* allocate(size_t words) {
  auto* object = static_cast<EtsObject*>(malloc(sizeof(EtsObject) + words * sizeof(Word)));
  if (object == nullptr) fatal("out of memory: a table row of %zu words", words);
  object->next = nullptr;
  object->hash = 0;
  object->dead = false;
  object->pins.store(0, std::memory_order_relaxed);
  object->count = words;
  object->off_heap = nullptr;
  return object;
}

}  // namespace

namespace {

// Packs tuples within tuples, numbers and small binaries, as most rows are: words in a row in the
// order in which they are met. False, with nothing lost: there is something else.
class QuickPacker {
 public:
  static constexpr size_t kRoom = 64;
  static constexpr unsigned kDepth = 3;

  // Words that `term` needs; more than kRoom: it is too large, or of another kind.
  static size_t measure(Term term, unsigned depth) {
    if (!term.is_pointer()) return 0;
    if (!term.is_boxed() || depth == 0) return kRoom + 1;
    const Word header = term.header();
    const size_t words = 1 + header_words(header);
    switch (header_kind(header)) {
      case Boxed::kPositiveBig:
      case Boxed::kNegativeBig:
      case Boxed::kFloat:
      case Boxed::kHeapBits:
      case Boxed::kRef:
        return words;
      case Boxed::kTuple:
        break;
      default:
        return kRoom + 1;
    }
    size_t total = words;
    for (const Term element : tuple_elements(term)) {
      total += measure(element, depth - 1);
      if (total > kRoom) return total;
    }
    return total;
  }

  // The tuple's copy at `*top`, which is moved behind all that it needs.
  static Term pack(Term term, Word** top) {
    if (!term.is_pointer()) return term;
    Word* target = *top;
    const Word* from = term.object();
    const size_t words = 1 + header_words(*from);
    *top += words;
    if (header_kind(*from) != Boxed::kTuple) {
      memcpy(target, from, words * sizeof(Word));
    } else {
      target[0] = from[0];
      for (size_t i = 1; i < words; ++i) target[i] = pack(Term::from_bits(from[i]), top).bits();
    }
    return Term::boxed(target);
  }
};

}  // namespace

namespace {

EtsObject* new_compressed(Term tuple, size_t key_position) {
  Allocator scratch;
  const Term compressed = compressed_tuple(tuple, key_position, scratch);
  const size_t words = packed_words(compressed);
  EtsObject* object = allocate(words);
  object->form = RowForm::kCompressed;
  pack_term(object->words, words, compressed, &object->off_heap);
  return object;
}

}  // namespace

EtsObject* new_object(Term tuple, size_t compressed_key, size_t most_words) {
  const std::span<const Term> elements = tuple_elements(tuple);
  bool flat = true;
  for (const Term element : elements) flat &= !element.is_pointer();
  if (flat) {
    if (elements.size() > most_words) return nullptr;
    EtsObject* object = allocate(elements.size() + 1);
    object->form = RowForm::kFlat;
    memcpy(object->words, tuple.object(), (elements.size() + 1) * sizeof(Word));
    return object;
  }
  if (compressed_key != 0) {
    if (copy_size_up_to(tuple, nullptr, most_words) == kMoreWords) return nullptr;
    return new_compressed(tuple, compressed_key);
  }
  const size_t quick_words = QuickPacker::measure(tuple, QuickPacker::kDepth);
  if (quick_words <= QuickPacker::kRoom) {
    EtsObject* object = allocate(quick_words);
    object->form = RowForm::kPacked;
    Word* top = object->words;
    QuickPacker::pack(tuple, &top);
    JOIST_ASSERT(top == object->words + quick_words);
    return object;
  }
  const size_t words = copy_size_up_to(tuple, nullptr, most_words);
  if (words == kMoreWords) return nullptr;
  EtsObject* object = allocate(words);
  object->form = RowForm::kPacked;
  pack_term(object->words, words, tuple, &object->off_heap);
  return object;
}

namespace {

// In EtsObject::pins: the row has left its table.
constexpr uint16_t kGone = 0x8000;

void destroy(EtsObject* object) {
  if (object->off_heap != nullptr) release_off_heap(object->off_heap);
  if (object->is_large() && allocated_bytes(object) >= kLongToFree) return free_aside(object);
  free(object);
}

}  // namespace

void free_object(EtsObject* object) {
  // Nobody can pin it any more.
  if (object->is_pinned() && object->pins.fetch_or(kGone, std::memory_order_acq_rel) != 0) return;
  destroy(object);
}

bool same_tuple(const EtsObject& object, Term tuple) {
  Allocator scratch;
  return exact_equal(object.tuple(scratch), tuple);
}

void PinnedRows::add(EtsObject& row) {
  row.pins.fetch_add(1, std::memory_order_relaxed);
  rows_.push_back(&row);
}

PinnedRows::~PinnedRows() {
  for (EtsObject* row : rows_) {
    if (row->pins.fetch_sub(1, std::memory_order_acq_rel) == (kGone | 1)) destroy(row);
  }
}

}  // namespace joist
