#include "vm/heap/literals.h"

#include <cstring>

#include "vm/heap/leaving_literals.h"
#include "vm/heap/range_space.h"

namespace joist {

struct LiteralSpace::State {
  RangeSpace space;
};

bool LiteralSpace::create(size_t reserve_bytes) {
  JOIST_CHECK(state_ == nullptr);
  state_ = new State;
  RangeSpace& space = state_->space;
  // At the base, from fresh memory: zero.
  static_assert(sizeof(LeavingControl) <= RangeSpace::kGranule);
  if (!space.create(reserve_bytes) || space.allocate(RangeSpace::kGranule) != 0) return false;
  base_ = reinterpret_cast<const char*>(space.base());
  size_ = space.size();
  return true;
}

LiteralSpace::~LiteralSpace() { delete state_; }

LiteralSpace::Area LiteralSpace::allocate(size_t words) {
  Area area;
  if (words == 0 || words > size_ / sizeof(Word)) return area;
  const size_t offset = state_->space.allocate(words * sizeof(Word));
  if (offset == RangeSpace::kFull) return area;
  area.words = reinterpret_cast<Word*>(state_->space.base() + offset);
  area.count = words;
  return area;
}

void LiteralSpace::release(Area& area) {
  if (area.words == nullptr) return;
  release_off_heap(area.off_heap);
  const size_t bytes = area.count * sizeof(Word);
  // Whoever still refers to it is to notice.
  if constexpr (kAssertions) memset(area.words, 0x55, bytes);
  const auto offset = static_cast<size_t>(reinterpret_cast<const char*>(area.words) - base_);
  state_->space.release(offset, bytes);
  area = Area();
}

size_t LiteralSpace::used_bytes() const {
  // Without what lies at the base.
  return state_ == nullptr ? 0 : state_->space.used_bytes() - RangeSpace::kGranule;
}

}  // namespace joist
