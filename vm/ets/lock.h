// A readers-writer lock of one word for many small, short-held locks: stripes of a table, leaves
// of a tree. It spins a little, then sleeps in the kernel.
//
//   state   | writer (1) | somebody sleeps (1) | a writer waits (1) | readers (29) |
//
// Readers that come one after the other do not keep a writer out for good: one that has spun for a
// while marks the lock, and new readers wait behind it.
//
// Which of many locks guards what is decided at run time, so these are not capabilities of the
// compiler's thread-safety analysis; every field says in words what guards it.
//
// Order, so that no two threads wait for each other: a table's locks in ascending order
// (ordered_set: structure before leaf), then nothing. Natives that hold one never run Erlang code
// or send.
#pragma once

#include <atomic>
#include <cstdint>

#include "vm/base/sync.h"

namespace joist {

class RwSpinLock {
 public:
  RwSpinLock() = default;
  RwSpinLock(const RwSpinLock&) = delete;
  RwSpinLock& operator=(const RwSpinLock&) = delete;

  void lock() {
    uint32_t free = 0;
    if (!state_.compare_exchange_weak(free, kWriter, std::memory_order_acquire)) lock_slow();
  }
  void unlock() {
    if (state_.exchange(0, std::memory_order_release) & kSleepers) state_.notify_all();
  }
  void lock_shared() {
    uint32_t state = state_.load(std::memory_order_relaxed);
    if ((state & kNoReaders) != 0 ||
        !state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire)) {
      lock_shared_slow();
    }
  }
  void unlock_shared() {
    const uint32_t before = state_.fetch_sub(1, std::memory_order_release);
    if ((before & kSleepers) != 0 && (before & kReaders) == 1) wake();
  }

 private:
  static constexpr uint32_t kWriter = uint32_t{1} << 31;
  static constexpr uint32_t kSleepers = uint32_t{1} << 30;
  static constexpr uint32_t kWriterWaits = uint32_t{1} << 29;
  static constexpr uint32_t kReaders = kWriterWaits - 1;
  static constexpr uint32_t kNoReaders = kWriter | kWriterWaits;

  [[gnu::noinline]] void lock_slow();
  [[gnu::noinline]] void lock_shared_slow();
  void sleep(uint32_t state);
  // The last reader is gone and somebody sleeps.
  [[gnu::noinline]] void wake();

  std::atomic<uint32_t> state_{0};
};

class SharedGuard {
 public:
  explicit SharedGuard(RwSpinLock& lock) : lock_(lock) { lock_.lock_shared(); }
  ~SharedGuard() { lock_.unlock_shared(); }
  SharedGuard(const SharedGuard&) = delete;
  SharedGuard& operator=(const SharedGuard&) = delete;

 private:
  RwSpinLock& lock_;
};

class ExclusiveGuard {
 public:
  explicit ExclusiveGuard(RwSpinLock& lock) : lock_(lock) { lock_.lock(); }
  ~ExclusiveGuard() { lock_.unlock(); }
  ExclusiveGuard(const ExclusiveGuard&) = delete;
  ExclusiveGuard& operator=(const ExclusiveGuard&) = delete;

 private:
  RwSpinLock& lock_;
};

}  // namespace joist
