#include "vm/heap/packed.h"

#include <cstdlib>
#include <cstring>
#include <utility>

#include "vm/heap/address_range.h"
#include "vm/heap/copy.h"

namespace joist {

namespace {

void link_copy(Allocator& to, Word* object) {
  auto* off_heap = reinterpret_cast<OffHeap*>(object);
  off_heap->binary->retain();
  to.link_off_heap(off_heap);
}

}  // namespace

size_t packed_words(Term term) { return copy_size(term, nullptr); }

Term pack_term(Word* target, size_t words, Term term, OffHeap** off_heap) {
  *off_heap = nullptr;
  if (!term.is_pointer()) return term;
  // An allocator whose main area is the target. The spare word it leaves is behind the target.
  Allocator area;
  area.top = target;
  area.limit = target + words + 1;
  const Term root = copy_term_of_size(area, term, words, nullptr);
  JOIST_ASSERT(area.top == target + words);
  *off_heap = area.off_heap;
  area.off_heap = nullptr;
  return root;
}

Term unpack_term_slow(Allocator& to, Term root, const Word* words, size_t count,
                      bool has_off_heap) {
  Word* target = to.alloc(count);
  const AddressRange source(words, words + count);
  const Word moved = reinterpret_cast<Word>(target) - reinterpret_cast<Word>(words);
  for (size_t i = 0; i < count;) {
    const Word word = words[i];
    target[i] = word;
    if ((word & 7) == 7) {
      const size_t raw_words = kind_info(header_kind(word)).raw_words;
      const size_t raw = raw_words == kAllRaw ? header_words(word) : raw_words;
      for (size_t k = 1; k <= raw; ++k) target[i + k] = words[i + k];
      if (has_off_heap &&
          (header_kind(word) == Boxed::kBinRef || header_kind(word) == Boxed::kMagicRef)) {
        link_copy(to, target + i);
      }
      i += 1 + raw;
    } else {
      if ((word & 3) == 1 && source.contains(word)) target[i] = word + moved;
      ++i;
    }
  }
  return Term::from_bits(root.bits() + moved);
}

PackedTerm::PackedTerm(Term term) : root_(term) {
  if (!term.is_pointer()) return;
  count_ = packed_words(term);
  words_ = static_cast<Word*>(malloc(count_ * sizeof(Word)));
  if (words_ == nullptr) fatal("out of memory: a term of %zu words", count_);
  root_ = pack_term(words_, count_, term, &off_heap_);
}

void PackedTerm::clear() {
  release_off_heap(off_heap_);
  free(words_);
}

void PackedTerm::swap(PackedTerm& other) {
  std::swap(root_, other.root_);
  std::swap(words_, other.words_);
  std::swap(count_, other.count_);
  std::swap(off_heap_, other.off_heap_);
}

}  // namespace joist
