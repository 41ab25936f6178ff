#include "vm/heap/literal_copies.h"

#include <cstring>

namespace joist {

// What it holds off-heap the heap holds too from now on; the sweep that ends the collection drops
// what has not been moved.
void LiteralCopies::copy(size_t index) {
  const LiteralSpace::Area& area = leaving_.area(index);
  copies_[index].reset(new Word[area.count]);
  Word* words = copies_[index].get();
  memcpy(words, area.words, area.count * sizeof(Word));
  for (const OffHeap* object = area.off_heap; object != nullptr; object = object->next) {
    auto* copy =
        reinterpret_cast<OffHeap*>(words + (reinterpret_cast<const Word*>(object) - area.words));
    copy->binary->retain();
    heap_.link_off_heap(copy);
  }
}

}  // namespace joist
