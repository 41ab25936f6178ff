#include "vm/proc/time.h"

#include <algorithm>
#include <cstdlib>

namespace joist {

ErlangTime::ErlangTime(Clock& clock, bool offset_follows_wall_clock)
    : clock_(clock),
      follows_(offset_follows_wall_clock),
      monotonic_correction_(kStart - clock.monotonic_ns()),
      offset_(clock.wall_ns() - monotonic()) {}

int64_t ErlangTime::offset() {
  int64_t offset = offset_.load(std::memory_order_relaxed);
  if (!follows_) return offset;
  int64_t now = clock_.wall_ns() - monotonic();
  if (std::abs(now - offset) <= kOffsetTolerance) return offset;
  offset_.store(now, std::memory_order_relaxed);
  return now;
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
