#include "vm/os/clock.h"

#include <catch2/catch.hpp>
#include <ctime>

using namespace joist;

TEST_CASE("The system clock moves forward and agrees with libc") {
  SystemClock clock;
  const int64_t start = clock.monotonic_ns();
  const int64_t cpu_start = clock.thread_cpu_ns();
  volatile uint64_t sum = 0;
  for (int i = 0; i < 1'000'000; ++i) sum = sum + static_cast<uint64_t>(i);
  CHECK(clock.monotonic_ns() > start);
  CHECK(clock.thread_cpu_ns() > cpu_start);
  CHECK(clock.process_cpu_ns() >= clock.thread_cpu_ns() - cpu_start);
  const int64_t seconds = clock.wall_ns() / 1'000'000'000;
  CHECK(std::abs(seconds - static_cast<int64_t>(std::time(nullptr))) <= 1);
}
