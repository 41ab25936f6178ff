// What a collection does besides copying: choosing its kind, sizes, off-heap lists, the stack.
#include "vm/heap/gc.h"

#include <cstring>

#include "vm/heap/gc_blocks.h"
#include "vm/heap/literal_gc.h"
#include "vm/heap/literal_scan.h"
#include "vm/heap/sizes.h"

namespace joist {

size_t young_block_size(const Heap& heap, size_t words) {
  const size_t minimum = heap.options.min_heap_words;
  return next_heap_size(words < minimum ? minimum : words);
}

void install_young_block(Heap& heap, Word* block, Word* block_top, size_t words) {
  heap.requested = false;
  const size_t stack_words = heap.stack_words();
  Word* block_end = block + words;
  JOIST_ASSERT(static_cast<size_t>(block_end - block_top) >= stack_words);
  Word* stack = block_end - stack_words;
  memcpy(stack, heap.limit, stack_words * sizeof(Word));
  free_block(heap.start, heap.young_words());
  free_block(heap.abandoned.start, heap.abandoned.words());
  heap.abandoned = {};
  release_fragments(heap.fragments);
  heap.fragments = nullptr;
  heap.fragment_words = 0;
  heap.start = block;
  heap.top = heap.high_water = block_top;
  heap.limit = stack;
  heap.end = block_end;
}

void sweep_off_heap(Heap& heap, OffHeap* list) {
  const auto in_old_block = [&heap](const OffHeap* object) {
    const Word* address = reinterpret_cast<const Word*>(object);
    return address >= heap.old_start && address < heap.old_end;
  };
  // Their order stays, newest first: process_info(_, binary) shows it.
  OffHeap* young = nullptr;
  OffHeap* old = nullptr;
  OffHeap** young_end = &young;
  OffHeap** old_end = &old;
  while (list != nullptr) {
    OffHeap* next = list->next;
    if ((list->header & 2) != 0) {
      list->binary->release();
    } else {
      auto* moved = reinterpret_cast<OffHeap*>(Term::from_bits(list->header).object());
      const bool is_old = in_old_block(moved);
      OffHeap**& end = is_old ? old_end : young_end;
      *end = moved;
      end = &moved->next;
      (is_old ? heap.old_off_heap_bytes : heap.off_heap_bytes) += moved->binary->capacity;
    }
    list = next;
  }
  *young_end = heap.off_heap;
  heap.off_heap = young;
  *old_end = heap.old_off_heap;
  heap.old_off_heap = old;
}

namespace {

size_t used_words(const Heap& heap) { return static_cast<size_t>(heap.top - heap.start); }

// Enough between top and stack, after a collection that promoted: OTP's rules, but for the first.
GcResult adjust_after_minor(Heap& heap, const RootSet& roots, size_t need) {
  const size_t size = heap.young_words();
  const size_t old_size = heap.old_words();
  const size_t need_after = used_words(heap) + need + heap.stack_words();
  // With a deep stack in a block that it nearly fills, each collection would scan all of the stack
  // to find room for a few words.
  if (need_after + size / 16 > size) {
    return resize_gc(heap, roots, next_heap_size(need_after + size / 16));
  }
  // After tenuring a small part of the block is in use, so only big blocks are cut.
  if (size > 3000 && 4 * need_after < size && (size > 8000 || size > old_size)) {
    size_t wanted = 3 * need_after;
    if (wanted * 9 < old_size && old_size / 8 > wanted) wanted = old_size / 8;
    wanted = young_block_size(heap, wanted);
    // That the cut fails for lack of memory does no harm.
    if (wanted < size) resize_gc(heap, roots, wanted);
  }
  return GcResult::kDone;
}

GcResult adjust_after_full(Heap& heap, const RootSet& roots, size_t need) {
  const size_t size = heap.young_words();
  const size_t need_after = used_words(heap) + need + heap.stack_words();
  if (need_after > size) return resize_gc(heap, roots, next_heap_size(need_after));
  if (3 * size < 4 * need_after) {
    heap.grow_at_full = true;
  } else if (4 * need_after < size) {
    const size_t wanted = young_block_size(heap, 2 * need_after);
    if (wanted < size) resize_gc(heap, roots, wanted);
  }
  return GcResult::kDone;
}

}  // namespace

size_t collection_words(const Heap& heap, Collection kind) {
  const size_t young = used_words(heap) + heap.fragment_used_words() + heap.stack_words();
  const auto mature = static_cast<size_t>(heap.high_water - heap.start);
  const bool is_full =
      heap.is_major(kind) ||
      (heap.old_start != nullptr && mature > static_cast<size_t>(heap.old_end - heap.old_top));
  return is_full ? young + static_cast<size_t>(heap.old_top - heap.old_start) : young;
}

bool may_abandon_young_block(const Heap& heap, size_t need) {
  // The stack is copied.
  constexpr size_t kLargestStack = kStress ? 1024 : size_t{128} << 10;
  return heap.abandoned.start == nullptr && heap.stack_words() <= kLargestStack &&
         need <= kLargestStack;
}

bool abandon_young_block(Heap& heap, size_t need) {
  // What is allocated besides until the process gives up the scheduler.
  constexpr size_t kSlack = size_t{8} << 10;
  const size_t stack_words = heap.stack_words();
  if (!may_abandon_young_block(heap, need)) return false;
  const size_t words = next_heap_size(stack_words + need + kSlack);
  Word* block = allocate_block(words);
  if (block == nullptr) return false;
  heap.abandoned = {heap.start, heap.top, heap.end,
                    static_cast<size_t>(heap.high_water - heap.start)};
  Word* stack = block + words - stack_words;
  memcpy(stack, heap.limit, stack_words * sizeof(Word));
  heap.start = heap.top = heap.high_water = block;
  heap.limit = stack;
  heap.end = block + words;
  return true;
}

void prepare_free_words(const Heap& heap) {
  prepare_words(heap.top, heap.limit, heap.young_words());
}

bool copy_leaving_literals_gc(Heap& heap, const RootSet& roots, const LeavingLiterals& leaving) {
  LiteralScan scan(leaving);
  scan.visit(heap, roots);
  if (!scan.found_any()) return true;
  heap.words_copied = 0;
  if (full_gc(heap, roots, &leaving, scan.words_found()) != GcResult::kDone) return false;
  return adjust_after_full(heap, roots, 1) == GcResult::kDone;
}

bool collect_gc(Heap& heap, const RootSet& roots, size_t need, Collection kind) {
  size_t need_and_spare;
  if (__builtin_add_overflow(need, size_t{1}, &need_and_spare) || need > SIZE_MAX / 64) {
    return false;
  }
  heap.words_copied = 0;
  if (!heap.is_major(kind)) {
    const GcResult result = minor_gc(heap, roots, need_and_spare);
    if (result == GcResult::kDone) {
      return adjust_after_minor(heap, roots, need_and_spare) == GcResult::kDone;
    }
    if (result != GcResult::kNoRoom) return false;
  }
  if (full_gc(heap, roots) != GcResult::kDone) return false;
  if (kind == Collection::kHibernate) {
    const size_t words = used_words(heap) + heap.stack_words() + need_and_spare;
    if (words < heap.young_words()) return resize_gc(heap, roots, words) == GcResult::kDone;
  }
  return adjust_after_full(heap, roots, need_and_spare) == GcResult::kDone;
}

}  // namespace joist
