#include "vm/heap/range_space.h"

#include <iterator>

namespace joist {

namespace {

// Memory is committed in steps, and given back to the system from this size on.
constexpr size_t kCommitStep = size_t{256} << 10;

}  // namespace

bool RangeSpace::create(size_t reserve_bytes) {
  JOIST_CHECK(base_ == nullptr);
  Result<Reservation> range = Reservation::reserve(reserve_bytes);
  if (!range.ok()) return false;
  range_ = range.take();
  base_ = range_.base();
  size_ = range_.size();
  return true;
}

bool RangeSpace::grow(size_t bytes) {
  size_t tail = 0;  // free already, at the end of what is committed
  if (!free_ranges_.empty()) {
    const auto last = std::prev(free_ranges_.end());
    if (last->first + last->second == committed_) tail = last->second;
  }
  JOIST_ASSERT(tail < bytes);
  const size_t step = round_up(bytes - tail, kCommitStep);
  const size_t room = size_ - committed_;
  const size_t size = step <= room ? step : room;
  if (size < bytes - tail || !range_.commit(committed_, size)) return false;
  add_free(committed_, size);
  committed_ += size;
  return true;
}

void RangeSpace::add_free(size_t offset, size_t size) {
  auto next = free_ranges_.lower_bound(offset);
  if (next != free_ranges_.end() && offset + size == next->first) {
    size += next->second;
    next = free_ranges_.erase(next);
  }
  if (next != free_ranges_.begin()) {
    auto previous = std::prev(next);
    if (previous->first + previous->second == offset) {
      previous->second += size;
      return;
    }
  }
  free_ranges_.emplace(offset, size);
}

size_t RangeSpace::take(size_t bytes) {
  auto best = free_ranges_.end();
  for (auto it = free_ranges_.begin(); it != free_ranges_.end(); ++it) {
    if (it->second >= bytes && (best == free_ranges_.end() || it->second < best->second)) {
      best = it;
      if (it->second == bytes) break;
    }
  }
  if (best == free_ranges_.end()) return kFull;
  const auto [offset, size] = *best;
  free_ranges_.erase(best);
  if (size > bytes) free_ranges_.emplace(offset + bytes, size - bytes);
  return offset;
}

// Gives the memory of whole pages back; they stay usable and read as zero.
void RangeSpace::trim(size_t offset, size_t size) {
  const size_t from = round_up(offset, page_size());
  const size_t to = (offset + size) & ~(page_size() - 1);
  if (to <= from || to - from < kCommitStep) return;
  range_.discard(from, to - from);
}

size_t RangeSpace::allocate(size_t bytes) {
  if (bytes == 0 || bytes > size_) return kFull;
  bytes = round_up(bytes, kGranule);
  MutexLock lock(mutex_);
  size_t offset = take(bytes);
  if (offset == kFull && grow(bytes)) offset = take(bytes);
  if (offset != kFull) used_ += bytes;
  return offset;
}

void RangeSpace::release(size_t offset, size_t bytes) {
  bytes = round_up(bytes, kGranule);
  trim(offset, bytes);  // which takes long: nobody waits meanwhile
  MutexLock lock(mutex_);
  used_ -= bytes;
  add_free(offset, bytes);
}

size_t RangeSpace::used_bytes() const {
  MutexLock lock(mutex_);
  return used_;
}

}  // namespace joist
