// Minor collections and resizing: from-space is the young block.
#include "vm/heap/evacuate.h"
#include "vm/heap/gc.h"
#include "vm/heap/gc_blocks.h"
#include "vm/heap/sizes.h"

namespace joist {

namespace {

EvacuationPlan plan_minor(const Heap& heap, size_t mature_words, Word* block, size_t words) {
  EvacuationPlan plan;
  plan.young = heap.abandoned.start == nullptr
                   ? AddressRange(heap.start, heap.top)
                   : AddressRange(heap.abandoned.start, heap.abandoned.top);
  plan.mature = mature_words * sizeof(Word);
  plan.old = AddressRange(heap.old_start, heap.old_end);
  plan.to = AddressRange(block, block + words);
  plan.literals = literal_range(heap.literals);
  return plan;
}

template <FromSpace kFrom, bool kPromote>
void evacuate(Heap& heap, const RootSet& roots, const EvacuationPlan& plan, Word* block,
              size_t words) {
  Evacuator<kFrom, kPromote> evacuator(plan, block, heap.old_top);
  visit_roots(heap, roots, evacuator);
  evacuator.scan(block, heap.old_top);
  heap.words_copied += static_cast<size_t>(evacuator.to() - block);
  if constexpr (kPromote) {
    heap.words_copied += static_cast<size_t>(evacuator.old_to() - heap.old_top);
    heap.old_top = evacuator.old_to();
  }
  OffHeap* off_heap = heap.off_heap;
  heap.off_heap = nullptr;
  heap.off_heap_bytes = 0;
  sweep_off_heap(heap, off_heap);
  install_young_block(heap, block, evacuator.to(), words);
}

// The first collection after a fullsweep fills at most `used` words of the old block; more room
// puts off the next fullsweep. A step more is what OTP takes. Large heaps get twice the room:
// their steps are so small that a growing heap would be swept at every turn.
size_t old_block_size(size_t used) {
  constexpr size_t kLargeHeap = 100'000;
  return used < kLargeHeap ? next_heap_size(used, 1) : next_heap_size(2 * used);
}

bool reaches_max_heap(const Heap& heap, size_t used, size_t new_words, bool new_old_block) {
  if (heap.options.max_heap_words == 0 || !heap.options.kill_at_max_heap) return false;
  const size_t old_words = new_old_block ? old_block_size(used) : heap.old_words();
  const size_t free_and_stack = static_cast<size_t>(heap.end - heap.top);
  return used + free_and_stack + old_words + new_words > heap.options.max_heap_words;
}

}  // namespace

GcResult minor_gc(Heap& heap, const RootSet& roots, size_t need) {
  const size_t used = static_cast<size_t>(heap.top - heap.start) + heap.fragment_used_words();
  const size_t mature = heap.abandoned.start == nullptr
                            ? static_cast<size_t>(heap.high_water - heap.start)
                            : heap.abandoned.mature_words;
  const bool new_old_block = mature != 0 && heap.old_start == nullptr;
  if (!new_old_block && mature > static_cast<size_t>(heap.old_end - heap.old_top)) {
    return GcResult::kNoRoom;
  }
  const size_t words = young_block_size(heap, heap.stack_words() + (used > need ? used : need));
  if (reaches_max_heap(heap, used, words, new_old_block)) return GcResult::kTooBig;
  Word* block = allocate_block(words);
  if (block == nullptr) return GcResult::kNoMemory;
  if (new_old_block) {
    const size_t old_words = old_block_size(used);
    heap.old_start = heap.old_top = allocate_block(old_words);
    if (heap.old_start == nullptr) {
      free_block(block, words);
      return GcResult::kNoMemory;
    }
    heap.old_end = heap.old_start + old_words;
  }

  const EvacuationPlan plan = plan_minor(heap, mature, block, words);
  if (heap.fragments != nullptr || heap.abandoned.start != nullptr) {
    evacuate<FromSpace::kAnywhere, true>(heap, roots, plan, block, words);
  } else if (mature != 0) {
    evacuate<FromSpace::kBlock, true>(heap, roots, plan, block, words);
  } else {
    evacuate<FromSpace::kBlock, false>(heap, roots, plan, block, words);
  }
  heap.off_heap_limit = next_off_heap_limit(heap.off_heap_bytes, heap.off_heap_limit,
                                            heap.options.min_off_heap_bytes);
  heap.words_reclaimed += used - heap.words_copied;
  // A collection that finds nothing mature and no old block to promote to has looked at everything:
  // OTP counts it as a fullsweep (garbage_collection's minor_gcs).
  if (heap.old_start != nullptr) ++heap.minors_since_full;
  ++heap.minor_collections;
  return GcResult::kDone;
}

GcResult resize_gc(Heap& heap, const RootSet& roots, size_t words) {
  Word* block = allocate_block(words);
  if (block == nullptr) return GcResult::kNoMemory;
  JOIST_ASSERT(heap.fragments == nullptr);
  evacuate<FromSpace::kBlock, false>(heap, roots, plan_minor(heap, 0, block, words), block, words);
  return GcResult::kDone;
}

}  // namespace joist
