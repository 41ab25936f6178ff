#include "vm/sched/timer_wheel.h"

namespace joist {

void TimerWheel::insert(TimerNode& timer, uint64_t deadline) {
  timer.deadline = deadline;
  ++count_;
  place(timer);
}

void TimerWheel::place(TimerNode& timer) {
  if (timer.deadline <= current_) return overdue_.push_back(&timer);
  for (size_t level = 0; level < kLevels; ++level) {
    const unsigned shift = shift_of(level);
    const uint64_t distance = (timer.deadline >> shift) - (current_ >> shift);
    if (distance < slots_of(level)) {
      return slot(level, timer.deadline >> shift & (slots_of(level) - 1)).push_back(&timer);
    }
  }
  constexpr size_t kTop = kLevels - 1;
  const uint64_t last = (current_ >> shift_of(kTop)) + kSlots - 1;
  slot(kTop, last & (kSlots - 1)).push_back(&timer);
}

// At the start of a round of a level, the slot of the level above that covers it is spread.
void TimerWheel::cascade() {
  for (size_t level = 1; level < kLevels; ++level) {
    if ((current_ & ((uint64_t{1} << shift_of(level)) - 1)) != 0) return;
    List<TimerNode>& list = slot(level, current_ >> shift_of(level) & (kSlots - 1));
    // What goes back to the same slot must not be met again.
    List<TimerNode> moving;
    while (TimerNode* timer = list.pop_front()) moving.push_back(timer);
    while (TimerNode* timer = moving.pop_front()) {
      if (timer->deadline == current_) {
        first_[current_ & (kFirstSlots - 1)].push_back(timer);
      } else {
        place(*timer);
      }
    }
  }
}

void TimerWheel::expire(uint64_t now, List<TimerNode>& expired) {
  const auto take = [&](List<TimerNode>& list) {
    while (TimerNode* timer = list.pop_front()) {
      --count_;
      expired.push_back(timer);
    }
  };
  take(overdue_);
  while (current_ < now) {
    if (count_ == 0) {
      current_ = now;
      return;
    }
    // Nothing happens before the next event, so skip to it.
    const uint64_t event = next_event();
    if (event > current_ + 1) current_ = (event > now ? now + 1 : event) - 1;
    if (current_ == now) return;
    ++current_;
    if ((current_ & (kFirstSlots - 1)) == 0) cascade();
    take(first_[current_ & (kFirstSlots - 1)]);
  }
}

uint64_t TimerWheel::next_event() const {
  if (count_ == 0) return UINT64_MAX;
  if (!overdue_.empty()) return current_;
  uint64_t event = UINT64_MAX;
  for (size_t level = 0; level < kLevels; ++level) {
    const unsigned shift = shift_of(level);
    const uint64_t position = current_ >> shift;
    for (uint64_t step = 1; step < slots_of(level); ++step) {
      if (slot(level, (position + step) & (slots_of(level) - 1)).empty()) continue;
      const uint64_t start = (position + step) << shift;
      if (start < event) event = start;
      break;
    }
  }
  // A slot of an upper level that the current position is in holds timers only beyond its round.
  return event;
}

}  // namespace joist
