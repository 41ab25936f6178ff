#include "vm/heap/literal_scan.h"

namespace joist {

void LiteralScan::visit(const Heap& heap, const RootSet& roots) {
  const AbandonedBlock& abandoned = heap.abandoned;
  visit(heap.start, static_cast<size_t>(heap.top - heap.start));
  visit(heap.old_start, static_cast<size_t>(heap.old_top - heap.old_start));
  visit(abandoned.start, static_cast<size_t>(abandoned.top - abandoned.start));
  visit(heap.limit, heap.stack_words());
  for (const Fragment* fragment = heap.fragments; fragment != nullptr; fragment = fragment->next) {
    visit(fragment->words, fragment->used);
  }
  for (size_t i = 0; i < roots.count; ++i) {
    visit(reinterpret_cast<const Word*>(roots.spans[i].data()), roots.spans[i].size());
  }
}

void LiteralScan::visit(const Word* words, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if ((words[i] & 3) == 1 && leaving_.contains(words[i])) mark(words[i]);
  }
}

void LiteralScan::mark(Word address) {
  if (found_.empty()) found_.resize(leaving_.count());
  const size_t index = leaving_.index_of(address);
  if (found_[index]) return;
  found_[index] = true;
  words_found_ += leaving_.area(index).count;
}

}  // namespace joist
