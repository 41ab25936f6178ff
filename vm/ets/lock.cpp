#include "vm/ets/lock.h"

#include <chrono>
#include <thread>

namespace joist {

namespace {

// About as long as a table operation takes.
constexpr int kSpins = 200;

// A loan costs a writer a look at each scheduler's slot.
// Tested builds lend sooner, to have more of it.
constexpr uint32_t kFewestReadsBeforeLoan = kAssertions ? 3 : 64;
constexpr uint32_t kReadsPerScheduler = kAssertions ? 0 : 16;

}  // namespace

ReaderSlots::ReaderSlots(size_t schedulers)
    : count(schedulers),
      reads_before_loan(kFewestReadsBeforeLoan +
                        kReadsPerScheduler * static_cast<uint32_t>(schedulers)),
      slots(std::make_unique<ReaderSlot[]>(schedulers)) {
  for (size_t i = 0; i < count; ++i) slots[i].all = this;
}

// Waits for those who read under the loan.
void RwSpinLock::take_back() {
  const ReaderSlots* slots = lent_.load(std::memory_order_relaxed);
  lent_.store(nullptr, std::memory_order_seq_cst);
  for (size_t i = 0; i < slots->count; ++i) {
    for (const std::atomic<const RwSpinLock*>& note : slots->slots[i].reads) {
      for (int spins = 0; note.load(std::memory_order_seq_cst) == this; ++spins) {
        // Its thread may have lost its processor.
        spins < kSpins ? cpu_relax() : std::this_thread::yield();
      }
    }
  }
}

// Until the state is another than this one, which others see somebody sleep in.
void RwSpinLock::sleep(uint32_t state) {
  if ((state & kSleepers) != 0 ||
      state_.compare_exchange_weak(state, state | kSleepers, std::memory_order_relaxed)) {
    state_.wait(state | kSleepers, std::memory_order_relaxed);
  }
}

void RwSpinLock::begin_long() {
  constexpr auto kLook = std::chrono::milliseconds{1};
  constexpr auto kSomeTurns = std::chrono::milliseconds{5};
  while (was_given_up_.load(std::memory_order_relaxed)) {
    if (has_long_users()) {
      std::this_thread::sleep_for(kLook);
    } else {
      std::this_thread::sleep_for(kSomeTurns);
      was_given_up_.store(false, std::memory_order_relaxed);
    }
  }
  // Whoever asks has_long_users() after closing a gate, or this thread after that, sees the other.
  long_users_.fetch_add(1, std::memory_order_seq_cst);
}

bool RwSpinLock::is_to_give_up() {
  if (!has_long_users()) return false;
  was_given_up_.store(true, std::memory_order_relaxed);
  return true;
}

bool RwSpinLock::lock_slow(bool gives_up) {
  bool has_marked = false;
  for (int spins = 0;;) {
    uint32_t state = state_.load(std::memory_order_relaxed);
    if ((state & (kWriter | kReaders)) == 0) {
      // Sleepers stay marked: whoever unlocks next wakes them. Another writer that waits marks
      // the lock again.
      const uint32_t taken = (state & kSleepers) | kWriter;
      if (state_.compare_exchange_weak(state, taken, std::memory_order_acquire)) return true;
    } else if (++spins < kSpins) {
      cpu_relax();
    } else if (gives_up && is_to_give_up()) {
      if (has_marked) {
        // Readers that wait for us, and have nobody else to wait for.
        state_.fetch_and(~kWriterWaits, std::memory_order_relaxed);
        wake();
      }
      return false;
    } else if ((state & kNoReaders) == 0) {
      has_marked |=
          state_.compare_exchange_weak(state, state | kWriterWaits, std::memory_order_relaxed);
    } else {
      sleep(state);
      spins = 0;
    }
  }
}

bool RwSpinLock::lock_shared_slow(bool gives_up) {
  for (int spins = 0;;) {
    uint32_t state = state_.load(std::memory_order_relaxed);
    if ((state & kNoReaders) == 0) {
      if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire)) return true;
    } else if (++spins < kSpins) {
      cpu_relax();
    } else if (gives_up && is_to_give_up()) {
      return false;
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
