#include "vm/os/microstates.h"

#include <catch2/catch.hpp>

namespace joist {
namespace {

struct SetClock final : Clock {
  int64_t monotonic_ns() override { return now; }
  int64_t wall_ns() override { return now; }
  int64_t process_cpu_ns() override { return now; }
  int64_t thread_cpu_ns() override { return now; }
  int64_t now = 1000;
};

int64_t time_in(Microstates& microstates, size_t thread, Microstate state) {
  return microstates.figures()[thread].ns[static_cast<size_t>(state)];
}

TEST_CASE("threads are measured in the states they are in while that is on") {
  SetClock clock;
  Microstates microstates(clock);
  microstates.add(Microstates::Kind::kScheduler, 1, 2);
  const MicrostateThread thread(&microstates, Microstates::Kind::kScheduler, 2);
  clock.now += 10;
  CHECK_FALSE(microstates.measure(true));
  CHECK(microstates.measure(true));
  clock.now += 5;
  {
    const MicrostateScope emulator(Microstate::kEmulator);
    clock.now += 20;
    {
      const MicrostateScope collection(Microstate::kGc);
      clock.now += 40;
      CHECK(time_in(microstates, 1, Microstate::kGc) == 40);
    }
    clock.now += 1;
  }
  clock.now += 2;
  CHECK(microstates.measure(false));
  clock.now += 1000;
  {
    const MicrostateScope unmeasured(Microstate::kGc);
    clock.now += 1000;
  }
  CHECK(time_in(microstates, 1, Microstate::kOther) == 7);
  CHECK(time_in(microstates, 1, Microstate::kEmulator) == 21);
  CHECK(time_in(microstates, 1, Microstate::kGc) == 40);
  CHECK(time_in(microstates, 0, Microstate::kSleep) == 68);
  CHECK(time_in(microstates, 0, Microstate::kOther) == 0);
  // What there was stays until it is reset.
  microstates.measure(true);
  clock.now += 3;
  CHECK(time_in(microstates, 1, Microstate::kOther) == 10);
  CHECK(microstates.reset());
  clock.now += 4;
  CHECK(time_in(microstates, 1, Microstate::kOther) == 4);
  microstates.measure(false);
  CHECK_FALSE(microstates.reset());
  CHECK(time_in(microstates, 1, Microstate::kOther) == 0);
}

TEST_CASE("who is not attached is not measured") {
  SetClock clock;
  Microstates microstates(clock);
  microstates.add(Microstates::Kind::kPoll, 0, 1);
  {
    const MicrostateThread thread(&microstates, Microstates::Kind::kPoll, 0);
    CHECK(own_microstates() != nullptr);
    const MicrostateThread within(nullptr, Microstates::Kind::kPoll, 0);
    CHECK(own_microstates() == nullptr);
  }
  CHECK(own_microstates() == nullptr);
  microstates.measure(true);
  const MicrostateScope scope(Microstate::kPort);
  clock.now += 5;
  CHECK(time_in(microstates, 0, Microstate::kSleep) == 5);
  CHECK(time_in(microstates, 0, Microstate::kPort) == 0);
}

}  // namespace
}  // namespace joist
