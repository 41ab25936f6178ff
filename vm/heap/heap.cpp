#include "vm/heap/heap.h"

#include <cstdlib>
#include <utility>

#include "vm/heap/gc_blocks.h"
#include "vm/heap/sizes.h"

namespace joist {

bool Heap::create(const HeapOptions& heap_options, const LiteralSpace* literal_space,
                  size_t first_words) {
  JOIST_CHECK(start == nullptr);
  options = heap_options;
  literals = literal_space;
  const size_t words = first_words != 0 ? first_words : next_heap_size(options.min_heap_words);
  start = allocate_block(words);
  if (start == nullptr) return false;
  end = start + words;
  top = high_water = start;
  limit = end;
  off_heap_limit = old_off_heap_limit = options.min_off_heap_bytes;
  return true;
}

Heap::~Heap() { release(); }

void Heap::release() {
  // The lists first, which run through the blocks.
  release_off_heap(std::exchange(old_off_heap, nullptr));
  release_off_heap(std::exchange(off_heap, nullptr));
  free_block(start, young_words());
  free_block(old_start, old_words());
  free_block(abandoned.start, abandoned.words());
  release_fragments(std::exchange(fragments, nullptr));
  start = top = high_water = limit = end = nullptr;
  old_start = old_top = old_end = nullptr;
  abandoned = {};
  fragment_words = off_heap_bytes = old_off_heap_bytes = 0;
}

size_t Heap::fragment_used_words() const {
  auto words = static_cast<size_t>(abandoned.top - abandoned.start);
  for (const Fragment* fragment = fragments; fragment != nullptr; fragment = fragment->next) {
    words += fragment->used;
  }
  return words;
}

}  // namespace joist
