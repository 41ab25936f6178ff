#include "vm/proc/time.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace joist {

namespace {

constexpr int kReadings = 10;

}  // namespace

ErlangTime::ErlangTime(Clock& clock, TimeWarp warp)
    : clock_(clock),
      warp_(warp),
      monotonic_correction_(kStart - clock.monotonic_ns()),
      offset_(read_offset().least),
      told_offset_(offset_.load()),
      final_(warp == TimeWarp::kNone) {}

int64_t ErlangTime::offset() {
  int64_t offset = offset_.load(std::memory_order_relaxed);
  if (warp_ != TimeWarp::kMulti) return offset;
  const int64_t now = clock_.wall_ns() - monotonic();
  if (std::abs(now - offset) <= kOffsetTolerance) return offset;
  const OffsetReading reading = read_offset();
  if (reading.may_be(offset)) return offset;
  offset_.store(reading.least, std::memory_order_relaxed);
  return reading.least;
}

ErlangTime::OffsetReading ErlangTime::read_offset() const {
  OffsetReading best = {0, INT64_MAX};
  for (int i = 0; i < kReadings; ++i) {
    const int64_t before = monotonic();
    const int64_t wall = clock_.wall_ns();
    const int64_t after = monotonic();
    if (after - before < best.most - best.least) best = {wall - after, wall - before};
    if (best.most - best.least <= kOffsetTolerance / kReadings) break;
  }
  return best;
}

bool ErlangTime::finalize() {
  if (warp_ != TimeWarp::kSingle) return false;
  MutexLock lock(mutex_);
  if (is_final()) return false;
  offset_.store(read_offset().least, std::memory_order_relaxed);
  final_.store(true, std::memory_order_release);
  return true;
}

bool ErlangTime::has_changed() {
  const int64_t now = offset();
  return told_offset_.exchange(now, std::memory_order_relaxed) != now;
}

void ErlangTime::watch(uint64_t id, Term process) {
  MutexLock lock(mutex_);
  watchers_.emplace(id, process);
  watched_.store(true, std::memory_order_relaxed);
}

void ErlangTime::unwatch(uint64_t id) {
  MutexLock lock(mutex_);
  watchers_.erase(id);
  watched_.store(!watchers_.empty(), std::memory_order_relaxed);
}

std::map<uint64_t, Term> ErlangTime::watchers() {
  MutexLock lock(mutex_);
  return watchers_;
}

int64_t ErlangTime::unique_microseconds() {
  int64_t now = system() / 1000;
  int64_t last = last_unique_.load(std::memory_order_relaxed);
  int64_t next;
  do {
    next = std::max(now, last + 1);
  } while (!last_unique_.compare_exchange_weak(last, next, std::memory_order_relaxed));
  return next;
}

}  // namespace joist
