// Steps of a collection, for heap.h's collect_gc(). Each either does its work, or returns without
// having changed anything.
#pragma once

#include "vm/heap/heap.h"
#include "vm/heap/leaving_literals.h"

namespace joist {

enum class GcResult {
  kDone,
  kNoRoom,  // the old block cannot take what a minor collection would promote
  kTooBig,  // over options.max_heap_words
  kNoMemory
};

// `need` includes the spare word that every reservation leaves.
GcResult minor_gc(Heap& heap, const RootSet& roots, size_t need);
// With `leaving`, references to those literals become references to copies in the heap, of which
// there are at most `extra_words`.
GcResult full_gc(Heap& heap, const RootSet& roots, const LeavingLiterals* leaving = nullptr,
                 size_t extra_words = 0);
// Moves the young generation, all of it live, into a block of `words` words.
GcResult resize_gc(Heap& heap, const RootSet& roots, size_t words);

// --- shared by them (gc.cpp) ---
// The size of a young block for `words`: not below min_heap_size.
size_t young_block_size(const Heap& heap, size_t words);
// Whether abandon_young_block is an option.
bool may_abandon_young_block(const Heap& heap, size_t need);
// Makes the block at `block`, filled up to `block_top`, the young block: moves the stack to its
// end and frees the former one and the fragments.
void install_young_block(Heap& heap, Word* block, Word* block_top, size_t words);
// Drops what died from a list whose objects were in from-space; survivors go to the lists of the
// generation they moved to.
void sweep_off_heap(Heap& heap, OffHeap* list);
// Visits the roots and the stack.
template <typename Evacuator>
void visit_roots(Heap& heap, const RootSet& roots, Evacuator& evacuator) {
  for (size_t i = 0; i < roots.count; ++i) {
    Word* words = reinterpret_cast<Word*>(roots.spans[i].data());
    evacuator.visit(words, words + roots.spans[i].size());
  }
  evacuator.visit(heap.limit, heap.end);
}

}  // namespace joist
