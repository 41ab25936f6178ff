// What the threads of a VM do with their time (erlang:statistics(microstate_accounting)).
//
//   MicrostateThread thread(microstates, Microstates::Kind::kScheduler, 1);  // while it works
//   { MicrostateScope scope(Microstate::kGc); ... }         // wherever it does something else
//
// While nobody measures, a scope costs a few loads and stores. A thread that has not been attached
// is not measured.
#pragma once

#include <atomic>
#include <deque>
#include <vector>

#include "vm/base/sync.h"
#include "vm/os/clock.h"

namespace joist {

enum class Microstate : uint8_t { kAux, kCheckIo, kEmulator, kGc, kOther, kPort, kSleep };
inline constexpr size_t kMicrostates = 7;

class Microstates {
 public:
  enum class Kind : uint8_t { kScheduler, kDirtyCpu, kDirtyIo, kPoll };

  explicit Microstates(Clock& clock) : clock_(clock) {}
  Microstates(const Microstates&) = delete;
  Microstates& operator=(const Microstates&) = delete;

  // Threads number `first`, ... that there may be: they sleep until they are attached. Before any
  // is attached.
  void add(Kind kind, uint32_t first, size_t count);
  class Record;
  // null: there is no such thread.
  Record* find(Kind kind, uint32_t id);

  // Both: whether it was measured before.
  bool measure(bool on) JOIST_EXCLUDES(switch_mutex_);
  bool reset() JOIST_EXCLUDES(switch_mutex_);

  struct Figures {
    Kind kind;
    uint32_t id;
    int64_t ns[kMicrostates];
  };
  std::vector<Figures> figures();

  // One thread's.
  class Record {
   public:
    Record(Microstates& owner, Kind kind, uint32_t id) : kind(kind), id(id), owner_(owner) {}
    // The state it was in.
    Microstate enter(Microstate next) {
      const Microstate before = state_.load(std::memory_order_relaxed);
      if (owner_.is_on_.load(std::memory_order_relaxed)) [[unlikely]] {
        enter_measured(next);
      } else {
        state_.store(next, std::memory_order_relaxed);
      }
      return before;
    }
    const Kind kind;
    const uint32_t id;

   private:
    friend class Microstates;
    void enter_measured(Microstate next) JOIST_EXCLUDES(mutex_);
    // What the present state has had so far.
    void count_until(int64_t now) JOIST_REQUIRES(mutex_);

    Microstates& owner_;
    std::atomic<Microstate> state_{Microstate::kSleep};
    Mutex mutex_;
    int64_t since_ns_ JOIST_GUARDED_BY(mutex_) = 0;  // 0: not measured
    int64_t ns_[kMicrostates] JOIST_GUARDED_BY(mutex_) = {};
  };

 private:
  Clock& clock_;
  std::atomic<bool> is_on_{false};
  Mutex switch_mutex_;
  std::deque<Record> records_;
};

// Of the calling thread; null: it is not attached.
Microstates::Record* own_microstates();

// Attaches the calling thread. `microstates` may be null.
class MicrostateThread {
 public:
  MicrostateThread(Microstates* microstates, Microstates::Kind kind, uint32_t id);
  ~MicrostateThread();
  MicrostateThread(const MicrostateThread&) = delete;
  MicrostateThread& operator=(const MicrostateThread&) = delete;

 private:
  Microstates::Record* const before_;  // of a VM that this one runs within
};

class MicrostateScope {
 public:
  explicit MicrostateScope(Microstate state) : record_(own_microstates()) {
    if (record_ != nullptr) before_ = record_->enter(state);
  }
  ~MicrostateScope() {
    if (record_ != nullptr) record_->enter(before_);
  }
  MicrostateScope(const MicrostateScope&) = delete;
  MicrostateScope& operator=(const MicrostateScope&) = delete;

 private:
  Microstates::Record* const record_;
  Microstate before_ = Microstate::kOther;
};

}  // namespace joist
