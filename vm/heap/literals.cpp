#include "vm/heap/literals.h"

#include <cstring>
#include <map>

#include "vm/base/sync.h"
#include "vm/heap/leaving_literals.h"
#include "vm/os/memory.h"

namespace joist {

namespace {

// Areas are multiples of this, so that what is left over stays usable.
constexpr size_t kGranule = 64;
// Memory is committed in steps, and given back to the system from this size on.
constexpr size_t kCommitStep = size_t{256} << 10;

}  // namespace

// Best-fit allocation of byte ranges. All of [0, committed) is either an area or in `free_ranges`
// (offset to size, neighbours joined); what lies above has never been used.
struct LiteralSpace::State {
  mutable Mutex mutex;
  Reservation range;
  size_t committed JOIST_GUARDED_BY(mutex) = 0;
  size_t used JOIST_GUARDED_BY(mutex) = 0;
  std::map<size_t, size_t> free_ranges JOIST_GUARDED_BY(mutex);

  bool grow(size_t bytes) JOIST_REQUIRES(mutex) {
    size_t tail = 0;  // free already, at the end of what is committed
    if (!free_ranges.empty()) {
      const auto last = std::prev(free_ranges.end());
      if (last->first + last->second == committed) tail = last->second;
    }
    JOIST_ASSERT(tail < bytes);
    const size_t step = round_up(bytes - tail, kCommitStep);
    const size_t room = range.size() - committed;
    const size_t size = step <= room ? step : room;
    if (size < bytes - tail || !range.commit(committed, size)) return false;
    add_free(committed, size);
    committed += size;
    return true;
  }

  void add_free(size_t offset, size_t size) JOIST_REQUIRES(mutex) {
    auto next = free_ranges.lower_bound(offset);
    if (next != free_ranges.end() && offset + size == next->first) {
      size += next->second;
      next = free_ranges.erase(next);
    }
    if (next != free_ranges.begin()) {
      auto previous = std::prev(next);
      if (previous->first + previous->second == offset) {
        previous->second += size;
        return;
      }
    }
    free_ranges.emplace(offset, size);
  }

  // The offset of `bytes` bytes, or SIZE_MAX.
  size_t take(size_t bytes) JOIST_REQUIRES(mutex) {
    auto best = free_ranges.end();
    for (auto it = free_ranges.begin(); it != free_ranges.end(); ++it) {
      if (it->second >= bytes && (best == free_ranges.end() || it->second < best->second)) {
        best = it;
        if (it->second == bytes) break;
      }
    }
    if (best == free_ranges.end()) return SIZE_MAX;
    const auto [offset, size] = *best;
    free_ranges.erase(best);
    if (size > bytes) free_ranges.emplace(offset + bytes, size - bytes);
    return offset;
  }

  // Gives the memory of whole pages back; they stay usable and read as zero.
  void trim(size_t offset, size_t size) JOIST_REQUIRES(mutex) {
    const size_t from = round_up(offset, page_size());
    const size_t to = (offset + size) & ~(page_size() - 1);
    if (to <= from || to - from < kCommitStep) return;
    range.decommit(from, to - from);
    if (!range.commit(from, to - from)) fatal("out of memory: literals");
  }
};

bool LiteralSpace::create(size_t reserve_bytes) {
  JOIST_CHECK(state_ == nullptr);
  Result<Reservation> range = Reservation::reserve(reserve_bytes);
  if (!range.ok()) return false;
  state_ = new State;
  state_->range = range.take();
  base_ = reinterpret_cast<const char*>(state_->range.base());
  size_ = state_->range.size();
  MutexLock lock(state_->mutex);
  static_assert(sizeof(LeavingControl) <= kGranule);  // fresh memory: zero
  return state_->grow(kGranule) && state_->take(kGranule) == 0;
}

LiteralSpace::~LiteralSpace() { delete state_; }

LiteralSpace::Area LiteralSpace::allocate(size_t words) {
  Area area;
  if (words == 0 || words > size_ / sizeof(Word)) return area;
  const size_t bytes = round_up(words * sizeof(Word), kGranule);
  MutexLock lock(state_->mutex);
  size_t offset = state_->take(bytes);
  if (offset == SIZE_MAX && state_->grow(bytes)) offset = state_->take(bytes);
  if (offset == SIZE_MAX) return area;
  state_->used += bytes;
  area.words = reinterpret_cast<Word*>(state_->range.base() + offset);
  area.count = words;
  return area;
}

void LiteralSpace::release(Area& area) {
  if (area.words == nullptr) return;
  release_off_heap(area.off_heap);
  const size_t bytes = round_up(area.count * sizeof(Word), kGranule);
  const size_t offset = static_cast<size_t>(reinterpret_cast<const char*>(area.words) - base_);
  // Whoever still refers to it is to notice.
  if constexpr (kAssertions) memset(area.words, 0x55, bytes);
  MutexLock lock(state_->mutex);
  state_->used -= bytes;
  state_->trim(offset, bytes);
  state_->add_free(offset, bytes);
  area = Area();
}

size_t LiteralSpace::used_bytes() const {
  if (state_ == nullptr) return 0;
  MutexLock lock(state_->mutex);
  return state_->used;
}

}  // namespace joist
