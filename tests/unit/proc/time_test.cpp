#include "vm/proc/time.h"

#include <catch2/catch.hpp>

using namespace joist;

namespace {

class FakeClock final : public Clock {
 public:
  int64_t monotonic_ns() override { return monotonic; }
  int64_t wall_ns() override {
    const int64_t read = wall;
    if (hold_ups > 0) {
      --hold_ups;
      monotonic += kHoldUp;
      wall += kHoldUp;
    }
    return read;
  }
  int64_t process_cpu_ns() override { return 0; }
  int64_t thread_cpu_ns() override { return 0; }

  static constexpr int64_t kHoldUp = 3 * ErlangTime::kOffsetTolerance;
  int hold_ups = 0;  // of the thread, so often, when it has just read the wall clock
  int64_t monotonic = 5000;
  int64_t wall = 1'700'000'000 * ErlangTime::kSecond;
};

}  // namespace

TEST_CASE("Erlang time starts at its fixed point and follows the monotonic clock") {
  FakeClock clock;
  ErlangTime time(clock);
  CHECK(time.monotonic() == ErlangTime::kStart);
  CHECK(time.system() == clock.wall);
  clock.monotonic += 77;
  CHECK(time.monotonic() == ErlangTime::kStart + 77);
}

TEST_CASE("the time offset follows a wall clock that was set, or stays, as the release has it") {
  for (TimeWarp warp : {TimeWarp::kNone, TimeWarp::kSingle, TimeWarp::kMulti}) {
    const bool follows = warp == TimeWarp::kMulti;
    FakeClock clock;
    ErlangTime time(clock, warp);
    int64_t offset = time.offset();
    clock.wall += ErlangTime::kOffsetTolerance;  // drift
    CHECK(time.offset() == offset);
    clock.wall += 3600 * ErlangTime::kSecond;
    CHECK(time.offset() ==
          (follows ? offset + ErlangTime::kOffsetTolerance + 3600 * ErlangTime::kSecond : offset));
    CHECK(time.monotonic() == ErlangTime::kStart);
  }
}

TEST_CASE("a change of the wall clock is noticed once") {
  FakeClock clock;
  ErlangTime time(clock, TimeWarp::kMulti);
  CHECK_FALSE(time.has_changed());
  clock.wall += 5 * ErlangTime::kSecond;
  CHECK(time.has_changed());
  CHECK_FALSE(time.has_changed());
  clock.wall -= 7 * ErlangTime::kSecond;
  CHECK(time.system() == clock.wall);  // whoever asks for the time first sees it
  CHECK(time.has_changed());
  CHECK_FALSE(time.finalize());
  CHECK_FALSE(time.is_final());
}

TEST_CASE("a thread that is held up between two clocks does not take that for a change") {
  FakeClock clock;
  clock.hold_ups = 1;
  ErlangTime time(clock, TimeWarp::kMulti);
  const int64_t offset = time.offset();
  for (const int hold_ups : {1, 2, 100}) {
    clock.hold_ups = hold_ups;
    CHECK(time.offset() == offset);
    CHECK_FALSE(time.has_changed());
  }
  clock.hold_ups = 3;
  clock.wall += 5 * ErlangTime::kSecond;
  CHECK(time.offset() == offset + 5 * ErlangTime::kSecond);
}

TEST_CASE("with single time warp the offset changes once, when it is made final") {
  FakeClock clock;
  ErlangTime time(clock, TimeWarp::kSingle);
  const int64_t offset = time.offset();
  clock.wall += 5 * ErlangTime::kSecond;
  CHECK(time.offset() == offset);
  CHECK_FALSE(time.is_final());
  CHECK(time.finalize());
  CHECK(time.offset() == offset + 5 * ErlangTime::kSecond);
  CHECK(time.is_final());
  clock.wall += ErlangTime::kSecond;
  CHECK_FALSE(time.finalize());
  CHECK(time.offset() == offset + 5 * ErlangTime::kSecond);
}

TEST_CASE("now/0 never gives a time twice") {
  FakeClock clock;
  ErlangTime time(clock);
  int64_t first = time.unique_microseconds();
  CHECK(first == clock.wall / 1000);
  CHECK(time.unique_microseconds() == first + 1);
  clock.monotonic += 1'000'000;
  CHECK(time.unique_microseconds() == first + 1000);
}
