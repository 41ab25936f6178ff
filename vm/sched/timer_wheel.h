// Timers as data: a hierarchical wheel (G. Varghese, T. Lauck, "Hashed and Hierarchical Timing
// Wheels", 1987). Insertion and removal take constant time however many there are; time is
// counted in ticks of a millisecond.
//
//   level 0: 256 slots of 1 tick       | . . x . . .|   the next 256 ticks
//   level 1:  64 slots of 256          | . x . .|       when level 0 has gone round once, the
//   level 2:  64 slots of 16,384       ...              next slot of level 1 is spread over it,
//   level 3, 4                                          and so on
//
// A timer further off than the top level reaches waits in its last slot and is placed anew.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vm/base/containers.h"

namespace joist {

// Whoever wants a timer derives from this.
struct TimerNode : ListNode<> {
  uint64_t deadline = 0;  // tick
};

class TimerWheel {
 public:
  // An empty wheel has nothing to go through: it is at `now` at once.
  void skip_to(uint64_t now) {
    if (count_ == 0 && now > current_) current_ = now;
  }
  // `deadline` ticks that have passed already expire at the next expire().
  void insert(TimerNode& timer, uint64_t deadline);
  void remove(TimerNode& timer) {
    timer.unlink();
    --count_;
  }
  size_t count() const { return count_; }

  // Moves on to tick `now` and puts the timers that have expired into `expired`, by deadline.
  void expire(uint64_t now, List<TimerNode>& expired);
  // A tick at or before the first deadline at which expire() should be called; UINT64_MAX: none.
  uint64_t next_event() const;

 private:
  static constexpr size_t kLevels = 5;
  static constexpr unsigned kFirstBits = 8;
  static constexpr unsigned kBits = 6;
  static constexpr size_t kFirstSlots = size_t{1} << kFirstBits;
  static constexpr size_t kSlots = size_t{1} << kBits;
  static constexpr unsigned shift_of(size_t level) {
    return level == 0 ? 0 : kFirstBits + kBits * static_cast<unsigned>(level - 1);
  }
  static constexpr size_t slots_of(size_t level) { return level == 0 ? kFirstSlots : kSlots; }
  List<TimerNode>& slot(size_t level, size_t index) {
    return level == 0 ? first_[index] : upper_[level - 1][index];
  }
  const List<TimerNode>& slot(size_t level, size_t index) const {
    return level == 0 ? first_[index] : upper_[level - 1][index];
  }

  void place(TimerNode& timer);
  void cascade();

  uint64_t current_ = 0;  // all ticks up to and with this one have expired
  size_t count_ = 0;
  List<TimerNode> first_[kFirstSlots];
  List<TimerNode> upper_[kLevels - 1][kSlots];
  List<TimerNode> overdue_;
};

}  // namespace joist
