#include "vm/os/clock.h"

#include <ctime>

namespace joist {

namespace {

int64_t read_clock(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

int64_t SystemClock::monotonic_ns() { return read_clock(CLOCK_MONOTONIC); }
int64_t SystemClock::wall_ns() { return read_clock(CLOCK_REALTIME); }
int64_t SystemClock::process_cpu_ns() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
int64_t SystemClock::thread_cpu_ns() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace joist
