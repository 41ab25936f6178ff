#include "vm/proc/time.h"

#include <algorithm>
#include <cstdlib>

namespace joist {

ErlangTime::ErlangTime(Clock& clock, TimeWarp warp)
    : clock_(clock),
      warp_(warp),
      monotonic_correction_(kStart - clock.monotonic_ns()),
      offset_(clock.wall_ns() - monotonic()),
      told_offset_(offset_.load()),
      final_(warp == TimeWarp::kNone) {}

int64_t ErlangTime::offset() {
  int64_t offset = offset_.load(std::memory_order_relaxed);
  if (warp_ != TimeWarp::kMulti) return offset;
  int64_t now = clock_.wall_ns() - monotonic();
  if (std::abs(now - offset) <= kOffsetTolerance) return offset;
  offset_.store(now, std::memory_order_relaxed);
  return now;
}

bool ErlangTime::finalize() {
  if (warp_ != TimeWarp::kSingle) return false;
  MutexLock lock(mutex_);
  if (is_final()) return false;
  offset_.store(clock_.wall_ns() - monotonic(), std::memory_order_relaxed);
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
