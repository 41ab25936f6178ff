#include "vm/ets/lock.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

using namespace joist;

namespace {

constexpr LockUser kQuick{LockUser::Kind::kGivesUp};
constexpr LockUser kLong{LockUser::Kind::kTakesLong};

TEST_CASE("Who gives up does not wait for one that takes long") {
  RwSpinLock lock;
  {
    const ExclusiveGuard held(lock, kLong);
    CHECK(lock.has_long_users());
    CHECK_FALSE(SharedGuard(lock, kQuick));
    CHECK_FALSE(ExclusiveGuard(lock, kQuick));
  }
  CHECK_FALSE(lock.has_long_users());
  CHECK(ExclusiveGuard(lock, kQuick));
}

TEST_CASE("A writer that gives up leaves readers their way") {
  RwSpinLock lock;
  const SharedGuard held(lock, kLong);
  CHECK(SharedGuard(lock, kQuick));
  CHECK_FALSE(ExclusiveGuard(lock, kQuick));
  CHECK(SharedGuard(lock, kQuick));
}

TEST_CASE("Who gives up gets in between those that take long") {
  constexpr int kTurns = 20;
  RwSpinLock lock;
  std::atomic<int> entered{0};
  int guarded = 0;
  // Two of them would overlap for good.
  const auto take_long = [&](bool exclusive) {
    while (entered.load() < kTurns) {
      if (exclusive) {
        const ExclusiveGuard guard(lock, kLong);
        ++guarded;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
        --guarded;
      } else {
        const SharedGuard guard(lock, kLong);
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(take_long, i == 0);
  bool alone = true;
  while (entered.load() < kTurns) {
    const ExclusiveGuard guard(lock, kQuick);
    if (guard) {
      alone &= guarded == 0;
      entered.fetch_add(1);
    } else {
      std::this_thread::yield();
    }
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(alone);
  CHECK_FALSE(lock.has_long_users());
}

TEST_CASE("Marks of writers that give up keep nobody out") {
  constexpr int kOperations = 3000;
  RwSpinLock lock;
  std::atomic<int> running{4};
  int64_t guarded = 0;
  std::atomic<int64_t> written{0};
  const auto use = [&](LockUser user) {
    for (int i = 0; i < kOperations; ++i) {
      if (i % 3 == 0) {
        const ExclusiveGuard guard(lock, user);
        if (guard) {
          ++guarded;
          written.fetch_add(1);
        }
      } else {
        const SharedGuard guard(lock, user);
      }
    }
    running.fetch_sub(1);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(use, kQuick);
  std::thread taker([&] {
    while (running.load() != 0) {
      const SharedGuard guard(lock, kLong);
    }
  });
  for (std::thread& thread : threads) thread.join();
  taker.join();
  CHECK(guarded == written.load());
}

}  // namespace
