#include "vm/sched/timer_wheel.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace joist {
namespace {

std::vector<uint64_t> expire(TimerWheel& wheel, uint64_t now) {
  List<TimerNode> expired;
  wheel.expire(now, expired);
  std::vector<uint64_t> deadlines;
  while (TimerNode* timer = expired.pop_front()) deadlines.push_back(timer->deadline);
  return deadlines;
}

TEST_CASE("Timers expire in order, at their tick") {
  TimerWheel wheel;
  wheel.skip_to(1'000'000);
  TimerNode timers[3];
  wheel.insert(timers[0], 1'000'300);
  wheel.insert(timers[1], 1'000'001);
  wheel.insert(timers[2], 1'100'000);
  CHECK(expire(wheel, 1'000'000).empty());
  CHECK(expire(wheel, 1'000'299) == std::vector<uint64_t>{1'000'001});
  CHECK(expire(wheel, 1'000'300) == std::vector<uint64_t>{1'000'300});
  CHECK(expire(wheel, 1'099'999).empty());
  CHECK(wheel.next_event() <= 1'100'000);
  CHECK(expire(wheel, 1'100'000) == std::vector<uint64_t>{1'100'000});
  CHECK(wheel.next_event() == UINT64_MAX);
}

TEST_CASE("A deadline in the past expires at once, a removed timer never") {
  TimerWheel wheel;
  wheel.skip_to(50);
  TimerNode late;
  TimerNode removed;
  wheel.insert(late, 10);
  wheel.insert(removed, 60);
  wheel.remove(removed);
  CHECK(expire(wheel, 50) == std::vector<uint64_t>{10});
  CHECK(expire(wheel, 1'000).empty());
  CHECK(wheel.count() == 0);
}

// Against the obvious implementation: a sorted vector.
TEST_CASE("Random timers expire neither early nor late") {
  std::mt19937_64 random(20261122);
  for (int round = 0; round < 50; ++round) {
    TimerWheel wheel;
    uint64_t now = random() % 10'000'000;
    wheel.skip_to(now);
    std::vector<TimerNode> timers(500);
    std::vector<uint64_t> expected;
    for (TimerNode& timer : timers) {
      const uint64_t range = uint64_t{1} << (random() % 36);
      wheel.insert(timer, now + random() % range);
      expected.push_back(timer.deadline);
    }
    std::sort(expected.begin(), expected.end());
    size_t done = 0;
    while (done < expected.size()) {
      const uint64_t event = wheel.next_event();
      REQUIRE(event <= expected[done]);
      // Sometimes to the event, sometimes far beyond it.
      now = std::max(now, random() % 2 == 0 ? event : event + random() % 100'000'000);
      std::vector<uint64_t> got = expire(wheel, now);
      CHECK(std::is_sorted(got.begin(), got.end()));
      for (uint64_t deadline : got) {
        REQUIRE(done < expected.size());
        REQUIRE(deadline == expected[done++]);
        REQUIRE(deadline <= now);
      }
      if (done < expected.size()) REQUIRE(expected[done] > now);
    }
  }
}

}  // namespace
}  // namespace joist
