#include "vm/ets/lock.h"

namespace joist {

namespace {

// About as long as a table operation takes.
constexpr int kSpins = 200;

}  // namespace

// Until the state is another than this one, which others see somebody sleep in.
void RwSpinLock::sleep(uint32_t state) {
  if ((state & kSleepers) != 0 ||
      state_.compare_exchange_weak(state, state | kSleepers, std::memory_order_relaxed)) {
    state_.wait(state | kSleepers, std::memory_order_relaxed);
  }
}

void RwSpinLock::lock_slow() {
  for (int spins = 0;;) {
    uint32_t state = state_.load(std::memory_order_relaxed);
    if ((state & (kWriter | kReaders)) == 0) {
      // Sleepers stay marked: whoever unlocks next wakes them. Another writer that waits marks
      // the lock again.
      const uint32_t taken = (state & kSleepers) | kWriter;
      if (state_.compare_exchange_weak(state, taken, std::memory_order_acquire)) return;
    } else if (++spins < kSpins) {
      cpu_relax();
    } else if ((state & kNoReaders) == 0) {
      state_.compare_exchange_weak(state, state | kWriterWaits, std::memory_order_relaxed);
    } else {
      sleep(state);
      spins = 0;
    }
  }
}

void RwSpinLock::lock_shared_slow() {
  for (int spins = 0;;) {
    uint32_t state = state_.load(std::memory_order_relaxed);
    if ((state & kNoReaders) == 0) {
      if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire)) return;
    } else if (++spins < kSpins) {
      cpu_relax();
    } else {
      sleep(state);
      spins = 0;
    }
  }
}

void RwSpinLock::wake() {
  // If somebody has locked it in the meantime, their unlocking wakes. A writer that has made
  // readers wait marks the lock again if it comes too late.
  uint32_t state = state_.load(std::memory_order_relaxed);
  while ((state & kSleepers) != 0 && (state & (kWriter | kReaders)) == 0) {
    if (state_.compare_exchange_weak(state, 0, std::memory_order_relaxed)) {
      return state_.notify_all();
    }
  }
}

}  // namespace joist
