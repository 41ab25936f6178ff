// A readers-writer lock of one word for many small, short-held locks: stripes of a table, leaves
// of a tree. It spins a little, then sleeps in the kernel.
//
//   state   | writer (1) | somebody sleeps (1) | a writer waits (1) | readers (29) |
//
// Readers that come one after the other do not keep a writer out for good: one that has spun for a
// while marks the lock, and new readers wait behind it.
//
// Readers of a lock that write its word, if only for a moment, take it out of each other's caches.
// So a lock that has been read for a while and not written to is lent to its readers: each notes in
// a slot of its scheduler's what it reads, and touches nothing that others write. A writer takes
// the loan back, and waits for those who have noted the lock down (the scheme is known as BRAVO).
//
// A dirty thread may hold a lock for as long as it takes to compare or copy large terms. No
// scheduler waits for that: after spinning it gives up, and its process asks again in its next
// turn. Such processes have no place in a queue, so a thread that may take long and sees that
// somebody has given up lets the lock be, until others like it are done and for a few turns more.
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
#include <memory>

#include "vm/base/check.h"
#include "vm/base/sync.h"

namespace joist {

class RwSpinLock;
struct ReaderSlots;

// What one scheduler reads under locks that are lent: a structure and a leaf at most.
struct alignas(kCacheLine) ReaderSlot {
  static constexpr size_t kDepth = 2;
  std::atomic<const RwSpinLock*> reads[kDepth] = {};
  const ReaderSlots* all = nullptr;
};

struct ReaderSlots {
  explicit ReaderSlots(size_t schedulers);
  // null: a thread that is no scheduler reads without a slot.
  ReaderSlot* of(size_t scheduler) const { return scheduler < count ? &slots[scheduler] : nullptr; }
  const size_t count;
  // Reads in a row after which a lock is lent: what makes up for taking it back.
  const uint32_t reads_before_loan;
  const std::unique_ptr<ReaderSlot[]> slots;
};

// Who takes a lock.
struct LockUser {
  enum class Kind : uint8_t {
    kWaits,
    kGivesUp,  // a scheduler; rather than wait for one that takes long
    kTakesLong,
  };
  Kind kind = Kind::kWaits;
  ReaderSlot* slot = nullptr;  // for locks that are lent
  bool gives_up() const { return kind == Kind::kGivesUp; }
  bool takes_long() const { return kind == Kind::kTakesLong; }
};

class RwSpinLock {
 public:
  RwSpinLock() = default;
  RwSpinLock(const RwSpinLock&) = delete;
  RwSpinLock& operator=(const RwSpinLock&) = delete;

  void lock() { lock_for({}); }
  // Both are false if the user has given up. One that takes long calls end_long() when it has
  // unlocked.
  bool lock_for(LockUser user) {
    if (user.takes_long()) [[unlikely]]
      begin_long();
    uint32_t free = 0;
    if (!state_.compare_exchange_weak(free, kWriter, std::memory_order_acquire) &&
        !lock_slow(user.gives_up())) {
      return false;
    }
    if (reads_.load(std::memory_order_relaxed) != 0) reads_.store(0, std::memory_order_relaxed);
    if (lent_.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
      take_back();
    return true;
  }
  void unlock() {
    if (state_.exchange(0, std::memory_order_release) & kSleepers) state_.notify_all();
  }
  void lock_shared() { lock_shared_for({}); }
  bool lock_shared_for(LockUser user) {
    if (user.takes_long()) [[unlikely]]
      begin_long();
    uint32_t state = state_.load(std::memory_order_relaxed);
    return ((state & kNoReaders) == 0 &&
            state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire)) ||
           lock_shared_slow(user.gives_up());
  }
  // Where the scheduler has noted the lock down, to be set to null when it has read; null: the lock
  // is not lent, and lock_shared_counted() is to be called.
  std::atomic<const RwSpinLock*>* borrow(ReaderSlot& slot) {
    if (lent_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    const bool nested = slot.reads[0].load(std::memory_order_relaxed) != nullptr;
    std::atomic<const RwSpinLock*>& note = slot.reads[nested ? 1 : 0];
    JOIST_ASSERT(note.load(std::memory_order_relaxed) == nullptr);
    note.store(this, std::memory_order_seq_cst);
    if (lent_.load(std::memory_order_seq_cst) != nullptr) [[likely]]
      return &note;
    note.store(nullptr, std::memory_order_release);
    return nullptr;
  }
  bool lock_shared_counted(LockUser user) {
    if (!lock_shared_for(user)) return false;
    const ReaderSlot& slot = *user.slot;
    const uint32_t reads = reads_.load(std::memory_order_relaxed) + 1;
    reads_.store(reads, std::memory_order_relaxed);
    if (reads >= slot.all->reads_before_loan) [[unlikely]]
      lent_.store(slot.all, std::memory_order_seq_cst);
    return true;
  }
  void unlock_shared() {
    const uint32_t before = state_.fetch_sub(1, std::memory_order_release);
    if ((before & kSleepers) != 0 && (before & kReaders) == 1) wake();
  }
  void end_long() { long_users_.fetch_sub(1, std::memory_order_release); }
  // Whether somebody has it, or wants it, who takes long.
  bool has_long_users() const { return long_users_.load(std::memory_order_seq_cst) != 0; }

 private:
  static constexpr uint32_t kWriter = uint32_t{1} << 31;
  static constexpr uint32_t kSleepers = uint32_t{1} << 30;
  static constexpr uint32_t kWriterWaits = uint32_t{1} << 29;
  static constexpr uint32_t kReaders = kWriterWaits - 1;
  static constexpr uint32_t kNoReaders = kWriter | kWriterWaits;

  [[gnu::noinline]] bool lock_slow(bool gives_up);
  [[gnu::noinline]] bool lock_shared_slow(bool gives_up);
  [[gnu::noinline]] void begin_long();
  bool is_to_give_up();
  [[gnu::noinline]] void take_back();
  void sleep(uint32_t state);
  // The last reader is gone and somebody sleeps.
  [[gnu::noinline]] void wake();

  std::atomic<uint32_t> state_{0};
  std::atomic<uint32_t> reads_{0};                 // about how many since the last writer
  std::atomic<const ReaderSlots*> lent_{nullptr};  // set by readers, under the lock
  std::atomic<uint32_t> long_users_{0};
  std::atomic<bool> was_given_up_{false};
};

// Of a guard, which has unlocked when this goes.
class LongUse {
 public:
  LongUse(RwSpinLock& lock, LockUser user) : lock_(user.takes_long() ? &lock : nullptr) {}
  ~LongUse() {
    if (lock_ != nullptr) [[unlikely]]
      lock_->end_long();
  }
  LongUse(const LongUse&) = delete;
  LongUse& operator=(const LongUse&) = delete;

 private:
  RwSpinLock* const lock_;
};

// Both are false where the user has given up.
class SharedGuard {
 public:
  explicit SharedGuard(RwSpinLock& lock, LockUser user = {}) : long_use_(lock, user), lock_(lock) {
    if (user.slot == nullptr) {
      held_ = lock.lock_shared_for(user);
    } else if ((note_ = lock.borrow(*user.slot)) == nullptr) {
      held_ = lock.lock_shared_counted(user);
    }
  }
  ~SharedGuard() {
    if (note_ != nullptr) {
      note_->store(nullptr, std::memory_order_release);
      return;
    }
    if (held_) [[likely]]
      lock_.unlock_shared();
  }
  SharedGuard(const SharedGuard&) = delete;
  SharedGuard& operator=(const SharedGuard&) = delete;
  explicit operator bool() const { return held_; }

 private:
  const LongUse long_use_;
  RwSpinLock& lock_;
  std::atomic<const RwSpinLock*>* note_ = nullptr;
  bool held_ = true;
};

class ExclusiveGuard {
 public:
  explicit ExclusiveGuard(RwSpinLock& lock, LockUser user = {})
      : long_use_(lock, user), lock_(lock), held_(lock.lock_for(user)) {}
  ~ExclusiveGuard() {
    if (held_) [[likely]]
      lock_.unlock();
  }
  ExclusiveGuard(const ExclusiveGuard&) = delete;
  ExclusiveGuard& operator=(const ExclusiveGuard&) = delete;
  explicit operator bool() const { return held_; }

 private:
  const LongUse long_use_;
  RwSpinLock& lock_;
  const bool held_;
};

}  // namespace joist
