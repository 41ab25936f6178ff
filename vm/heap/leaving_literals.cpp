#include "vm/heap/leaving_literals.h"

#include <algorithm>

namespace joist {

namespace {

Word address_of(const LiteralSpace::Area& area) { return reinterpret_cast<Word>(area.words); }

}  // namespace

LeavingLiterals::LeavingLiterals(std::vector<LiteralSpace::Area> areas) : areas_(std::move(areas)) {
  std::erase_if(areas_, [](const LiteralSpace::Area& area) { return area.words == nullptr; });
  std::sort(areas_.begin(), areas_.end(),
            [](const auto& a, const auto& b) { return address_of(a) < address_of(b); });
  if (areas_.empty()) return;
  lowest_ = address_of(areas_.front());
  size_ = address_of(areas_.back()) + areas_.back().count * sizeof(Word) - lowest_;
}

size_t LeavingLiterals::index_of(Word address) const {
  const auto behind = std::upper_bound(
      areas_.begin(), areas_.end(), address,
      [](Word value, const LiteralSpace::Area& area) { return value < address_of(area); });
  if (behind == areas_.begin()) return kNone;
  const auto area = std::prev(behind);
  if (address - address_of(*area) >= area->count * sizeof(Word)) return kNone;
  return static_cast<size_t>(area - areas_.begin());
}

}  // namespace joist
