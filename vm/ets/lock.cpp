#include "vm/ets/lock.h"

namespace joist {

namespace {

// About as long as a table operation takes.
constexpr int kSpins = 200;

}  // namespace

void RwSpinLock::lock_slow() {
  for (int spins = 0;;) {
    uint32_t state = state_.load(std::memory_order_relaxed);
    if ((state & ~kSleepers) == 0) {
      // Sleepers stay marked: whoever unlocks next wakes them.
      if (state_.compare_exchange_weak(state, state | kWriter, std::memory_order_acquire)) return;
    } else if (++spins < kSpins) {
      cpu_relax();
    } else if ((state & kSleepers) != 0 ||
               state_.compare_exchange_weak(state, state | kSleepers, std::memory_order_relaxed)) {
      state_.wait(state | kSleepers, std::memory_order_relaxed);
      spins = 0;
    }
  }
}

void RwSpinLock::lock_shared_slow() {
  for (int spins = 0;;) {
    uint32_t state = state_.load(std::memory_order_relaxed);
    if ((state & kWriter) == 0) {
      if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire)) return;
    } else if (++spins < kSpins) {
      cpu_relax();
    } else if ((state & kSleepers) != 0 ||
               state_.compare_exchange_weak(state, state | kSleepers, std::memory_order_relaxed)) {
      state_.wait(state | kSleepers, std::memory_order_relaxed);
      spins = 0;
    }
  }
}

void RwSpinLock::wake() {
  // If somebody has locked it in the meantime, their unlocking wakes.
  uint32_t state = kSleepers;
  if (state_.compare_exchange_strong(state, 0, std::memory_order_relaxed)) state_.notify_all();
}

}  // namespace joist
