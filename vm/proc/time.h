// Erlang's view of time, over the VM's clock
// (https://www.erlang.org/doc/apps/erts/time_correction): everything in nanoseconds, which is also
// the native unit.
//
//   Erlang monotonic time   starts at kStart when the VM starts, follows Clock::monotonic_ns()
//   time offset             what to add to it to get Erlang system time
//   Erlang system time      monotonic time + time offset
//
// Up to OTP 25 the offset is fixed at the start (no_time_warp); from OTP 26 on it follows the
// wall clock when that has been set (multi_time_warp). With single_time_warp it is taken from the
// wall clock once more, when it is finalised. Whoever monitors it is told (vm/sched/time_offset.h).
// Safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>

#include "vm/base/sync.h"
#include "vm/os/clock.h"
#include "vm/term/term.h"

namespace joist {

enum class TimeWarp : uint8_t { kNone, kSingle, kMulti };

class ErlangTime {
 public:
  static constexpr int64_t kSecond = 1'000'000'000;
  // Where OTP starts on 64-bit machines; programs see negative times from the first day.
  static constexpr int64_t kStart = -576'460'752 * kSecond;
  // A wall clock further off than this has been set; less is the two clocks' drift.
  static constexpr int64_t kOffsetTolerance = kSecond / 100;

  explicit ErlangTime(Clock& clock, TimeWarp warp = TimeWarp::kNone);

  int64_t monotonic() const { return clock_.monotonic_ns() + monotonic_correction_; }
  int64_t offset();
  int64_t system() { return monotonic() + offset(); }
  // Erlang monotonic time when the VM started.
  int64_t start() const { return kStart; }
  TimeWarp warp() const { return warp_; }
  // Whether the offset stays what it is for ever.
  bool is_final() const { return final_.load(std::memory_order_acquire); }
  // With kSingle: the offset becomes what the wall clock says, for ever. False: it has been so.
  bool finalize();
  // With kMulti: whether the offset is another than when this was asked last.
  bool has_changed();

  // Monitors of the offset, by the number of their reference.
  void watch(uint64_t id, Term process);
  void unwatch(uint64_t id);
  bool is_watched() const { return watched_.load(std::memory_order_relaxed); }
  std::map<uint64_t, Term> watchers();
  Clock& clock() const { return clock_; }
  // What +c says. Erlang's monotonic time is never corrected here: it is the OS' own, which is.
  void set_correction(bool correction) { correction_ = correction; }
  bool correction() const { return correction_; }

  // For erlang:now/0: microseconds since 1970 that strictly grow from call to call.
  int64_t unique_microseconds();

 private:
  // Between which two values the offset is: a thread may be held up between its looks at clocks.
  struct OffsetReading {
    int64_t least;
    int64_t most;
    bool may_be(int64_t offset) const {
      return offset >= least - kOffsetTolerance && offset <= most + kOffsetTolerance;
    }
  };
  OffsetReading read_offset() const;

  Clock& clock_;
  const TimeWarp warp_;
  bool correction_ = true;
  const int64_t monotonic_correction_;
  std::atomic<int64_t> offset_;
  std::atomic<int64_t> told_offset_;
  std::atomic<bool> final_;
  std::atomic<int64_t> last_unique_{0};  // the latest value given out
  std::atomic<bool> watched_{false};
  Mutex mutex_;
  std::map<uint64_t, Term> watchers_ JOIST_GUARDED_BY(mutex_);
};

}  // namespace joist
