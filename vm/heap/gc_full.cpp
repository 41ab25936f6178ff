// Fullsweep: both generations and all fragments into one new young block.
#include "vm/heap/evacuate.h"
#include "vm/heap/gc.h"
#include "vm/heap/gc_blocks.h"
#include "vm/heap/sizes.h"

namespace joist {

namespace {

OffHeap* join(OffHeap* list, OffHeap* rest) {
  if (list == nullptr) return rest;
  OffHeap* last = list;
  while (last->next != nullptr) last = last->next;
  last->next = rest;
  return list;
}

template <FromSpace kFrom>
void evacuate_all(Heap& heap, const RootSet& roots, Word* block, size_t words,
                  LiteralCopies* copies) {
  EvacuationPlan plan;
  plan.to = AddressRange(block, block + words);
  plan.literals = literal_range(heap.literals);
  plan.copies = copies;
  Evacuator<kFrom, false> evacuator(plan, block, nullptr);
  visit_roots(heap, roots, evacuator);
  evacuator.scan(block, nullptr);
  heap.words_copied += static_cast<size_t>(evacuator.to() - block);

  OffHeap* off_heap = join(heap.off_heap, heap.old_off_heap);
  Word* old_block = heap.old_start;
  const size_t old_words = heap.old_words();
  heap.off_heap = heap.old_off_heap = nullptr;
  heap.off_heap_bytes = heap.old_off_heap_bytes = 0;
  heap.old_start = heap.old_top = heap.old_end = nullptr;
  sweep_off_heap(heap, off_heap);
  free_block(old_block, old_words);
  install_young_block(heap, block, evacuator.to(), words);
}

}  // namespace

GcResult full_gc(Heap& heap, const RootSet& roots, const LeavingLiterals* leaving,
                 size_t extra_words) {
  const size_t used = extra_words + static_cast<size_t>(heap.top - heap.start) +
                      heap.fragment_used_words() +
                      static_cast<size_t>(heap.old_top - heap.old_start);
  size_t words = young_block_size(heap, heap.stack_words() + used + 1);
  if (heap.grow_at_full && words == heap.young_words()) words = next_heap_size(words, 1);
  if (heap.options.max_heap_words != 0 && heap.options.kill_at_max_heap) {
    const size_t unused =
        static_cast<size_t>(heap.old_end - heap.old_top) + static_cast<size_t>(heap.end - heap.top);
    if (used + unused + words > heap.options.max_heap_words) return GcResult::kTooBig;
  }
  Word* block = allocate_block(words);
  if (block == nullptr) return GcResult::kNoMemory;

  heap.grow_at_full = heap.full_requested = false;
  if (leaving == nullptr) {
    evacuate_all<FromSpace::kAnywhere>(heap, roots, block, words, nullptr);
  } else {
    LiteralCopies copies(heap, *leaving);
    evacuate_all<FromSpace::kAnywhereAndLeaving>(heap, roots, block, words, &copies);
  }
  heap.off_heap_limit = next_off_heap_limit(heap.off_heap_bytes, heap.off_heap_limit,
                                            heap.options.min_off_heap_bytes);
  heap.old_off_heap_limit = next_off_heap_limit(heap.off_heap_bytes, heap.old_off_heap_limit,
                                                heap.options.min_off_heap_bytes);
  if (used > heap.words_copied) heap.words_reclaimed += used - heap.words_copied;
  heap.minors_since_full = 0;
  ++heap.full_collections;
  return GcResult::kDone;
}

}  // namespace joist
