// Terms in one piece of memory outside all heaps: rows of tables, constants of match programs,
// data kept for another process. Such a piece is written once and refers to nothing outside of
// itself but atoms, code and off-heap buffers: literals are copied too, so that modules may be
// purged. Copying out is one pass over the words, which moves the pointers among them.
//
//   words | root object | ... all that it leads to ... |
#pragma once

#include "vm/heap/allocator.h"

namespace joist {

// Words that pack_term needs for `term`; 0 for immediates.
size_t packed_words(Term term);

// Copies `term` to `target`, which has room for `words` = packed_words(term). *off_heap becomes
// the list of objects that hold off-heap buffers (release_off_heap); null: there are none.
Term pack_term(Word* target, size_t words, Term term, OffHeap** off_heap);

// Copies all of a packed term to a heap. `has_off_heap`: whether pack_term gave a list.
Term unpack_term_slow(Allocator& to, Term root, const Word* words, size_t count, bool has_off_heap);
inline Term unpack_term(Allocator& to, Term root, const Word* words, size_t count,
                        bool has_off_heap) {
  return root.is_pointer() ? unpack_term_slow(to, root, words, count, has_off_heap) : root;
}

// A packed term that owns its memory.
class PackedTerm {
 public:
  PackedTerm() = default;
  explicit PackedTerm(Term term);
  ~PackedTerm() { clear(); }
  PackedTerm(PackedTerm&& other) noexcept { swap(other); }
  PackedTerm& operator=(PackedTerm&& other) noexcept {
    swap(other);
    return *this;
  }
  PackedTerm(const PackedTerm&) = delete;
  PackedTerm& operator=(const PackedTerm&) = delete;

  // The term where it lies; readable as long as this object lives.
  Term term() const { return root_; }
  size_t words() const { return count_; }
  Term copy_to(Allocator& heap) const {
    return unpack_term(heap, root_, words_, count_, off_heap_ != nullptr);
  }

 private:
  void clear();
  void swap(PackedTerm& other);

  Term root_ = Term::nil();
  Word* words_ = nullptr;
  size_t count_ = 0;
  OffHeap* off_heap_ = nullptr;
};

}  // namespace joist
