#include "vm/heap/literal_scan.h"

#include <algorithm>

namespace joist {

LiteralScan::LiteralScan(std::span<const LiteralSpace::Area> areas) : in_use_(areas.size()) {
  for (size_t i = 0; i < areas.size(); ++i) {
    if (areas[i].words == nullptr) continue;
    const Word* end = areas[i].words + areas[i].count;
    ranges_.push_back({reinterpret_cast<Word>(areas[i].words), reinterpret_cast<Word>(end), i});
  }
  std::sort(ranges_.begin(), ranges_.end(),
            [](const Range& a, const Range& b) { return a.from < b.from; });
  if (ranges_.empty()) return;
  lowest_ = ranges_.front().from;
  size_ = ranges_.back().to - lowest_;
}

void LiteralScan::visit(const Heap& heap, const RootSet& roots) {
  visit_words(heap.start, static_cast<size_t>(heap.top - heap.start));
  visit_words(heap.old_start, static_cast<size_t>(heap.old_top - heap.old_start));
  visit_words(heap.abandoned.start, static_cast<size_t>(heap.abandoned.top - heap.abandoned.start));
  visit_words(heap.limit, heap.stack_words());
  visit(heap.fragments);
  for (size_t i = 0; i < roots.count; ++i) visit(roots.spans[i]);
}

void LiteralScan::visit(const Fragment* fragments) {
  for (; fragments != nullptr; fragments = fragments->next) {
    visit_words(fragments->words, fragments->used);
  }
}

void LiteralScan::visit_words(const Word* words, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if ((words[i] & 3) == 1 && words[i] - lowest_ < size_) mark(words[i] & ~Word{7});
  }
}

void LiteralScan::mark(Word address) {
  const auto behind =
      std::upper_bound(ranges_.begin(), ranges_.end(), address,
                       [](Word value, const Range& range) { return value < range.from; });
  if (behind == ranges_.begin()) return;
  const Range& range = *std::prev(behind);
  if (address < range.to) in_use_[range.index] = true;
}

}  // namespace joist
