// The messages a process has and has not received yet, in order of arrival, and where its receive
// stands. Touched only by whoever runs the process.
//
//   first <-> m1 <-> m2 <-> marker <-> m3 <-> m4 = last
//                     ^ current: loop_rec looks at it; null: past the end
//
// Priority messages (OTP 28) stand before all others, in order of arrival. A receive that is past
// their place begins again once it has looked at its current message, which until then must stay
// under its hand.
//
// A marker remembers a place: messages that carry a reference made after the marker can only lie
// behind it, so a receive that wants that reference begins there.
#pragma once

#include "vm/proc/signal.h"

namespace joist {

class MessageQueue {
 public:
  MessageQueue() = default;
  ~MessageQueue();
  MessageQueue(const MessageQueue&) = delete;
  MessageQueue& operator=(const MessageQueue&) = delete;

  Signal* first() const { return first_; }
  size_t length() const { return length_; }  // markers do not count
  // The message under the receive's hand, or null past the last one.
  Signal* current() const { return current_; }
  // The next one after the current. Skips markers.
  void advance() {
    current_ = skip_markers(looks_again_ ? first_ : current_->next);
    looks_again_ = false;
  }
  // Begins at the first message again.
  void restart() { current_ = skip_markers(first_); }

  // At the end. A receive that has seen all looks at this one next.
  void append(Signal* message) {
    link_last(message);
    ++length_;
    if (current_ == nullptr) current_ = message;
  }
  // Behind the priority messages that are there. A receive that has seen all looks at this one
  // next.
  void insert_priority(Signal* message);
  // Takes out the current message, which is the caller's now, and restarts.
  Signal* remove_current();
  // Takes out any message, which is the caller's now, and restarts.
  void remove(Signal* message);
  // Puts `replacement` where a message is, which is the caller's now.
  Signal* replace(Signal* message, Signal* replacement);
  Signal* replace_current(Signal* replacement) { return replace(current_, replacement); }

  // Puts a marker at the end. It stays until removed.
  void add_marker(Signal* marker) { link_last(marker); }
  void remove_marker(Signal* marker) {
    JOIST_ASSERT(current_ != marker);
    unlink(marker);
  }
  // The receive goes on behind the marker, but for priority messages.
  void start_behind(Signal* marker) {
    current_ = skip_markers(last_priority_ == nullptr ? marker->next : first_);
  }

 private:
  static Signal* skip_markers(Signal* signal) {
    while (signal != nullptr && signal->kind == SignalKind::kMarker) signal = signal->next;
    return signal;
  }
  void link_last(Signal* signal);
  void unlink(Signal* signal);

  Signal* first_ = nullptr;
  Signal* last_ = nullptr;
  Signal* current_ = nullptr;
  Signal* last_priority_ = nullptr;
  size_t length_ = 0;
  bool looks_again_ = false;  // a priority message has come that the receive would not get to
};

}  // namespace joist
