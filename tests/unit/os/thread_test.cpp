#include "vm/os/thread.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "vm/os/clock.h"

using namespace joist;

TEST_CASE("A thread runs its body under its name until joined") {
  char name[16] = "";
  Result<Thread> started = Thread::start(
      "joist_scheduler_17", [&] { pthread_getname_np(pthread_self(), name, sizeof name); });
  REQUIRE(started.ok());
  Thread thread = started.take();
  CHECK(thread.joinable());
  thread.join();
  CHECK_FALSE(thread.joinable());
  CHECK(std::strcmp(name, "joist_scheduler") == 0);
}

TEST_CASE("An unpark before the park is remembered once") {
  SystemClock clock;
  Parker parker;
  parker.unpark();
  parker.unpark();
  parker.park();  // returns at once, or the test hangs
  const int64_t start = clock.monotonic_ns();
  parker.park(5'000'000);
  CHECK(clock.monotonic_ns() - start >= 4'000'000);
}

TEST_CASE("park and unpark hand work back and forth") {
  constexpr int kRounds = 20000;
  Parker ping, pong;
  std::atomic<int> turn{0};
  Thread other = Thread::start("pong", [&] {
                   for (int round = 0; round < kRounds; ++round) {
                     while (turn.load() != 2 * round + 1) pong.park();
                     turn.store(2 * round + 2);
                     ping.unpark();
                   }
                 }).take();
  for (int round = 0; round < kRounds; ++round) {
    turn.store(2 * round + 1);
    pong.unpark();
    while (turn.load() != 2 * round + 2) ping.park();
  }
  other.join();
  CHECK(turn.load() == 2 * kRounds);
}

TEST_CASE("The processor count is sensible") {
  const CpuCount count = cpu_count();
  CHECK(count.online >= 1);
  CHECK(count.available >= 1);
  CHECK(count.available <= count.online);
  CHECK(cpu_quota() >= 0);
}
