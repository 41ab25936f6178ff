// Markers of receives (recv_marker_*): places in the message queue, each bound to the reference
// that the messages behind it may carry. They only save looking at messages that cannot match, so
// where there are too many the oldest is forgotten.
#pragma once

#include "vm/proc/message_queue.h"

namespace joist {

class ReceiveMarkers {
 public:
  // A marker at the end of the queue; its number is how instructions know it.
  size_t reserve(MessageQueue& queue) {
    const size_t index = next_++ % kCount;
    clear(queue, index);
    Slot& slot = slots_[index];
    // Everything that an empty queue gets from now on is behind the marker: no node is needed.
    if (queue.first() == nullptr) return index;
    if (slot.node == nullptr) slot.node = new_signal(SignalKind::kMarker, Term::none());
    slot.placed = true;
    queue.add_marker(slot.node);
    return index;
  }
  void bind(size_t index, uint64_t reference) { slots_[index].reference = reference; }
  void use(MessageQueue& queue, uint64_t reference) const {
    for (const Slot& slot : slots_) {
      if (slot.placed && slot.reference == reference) return queue.start_behind(slot.node);
    }
  }
  void clear(MessageQueue& queue, size_t index) {
    Slot& slot = slots_[index];
    if (slot.placed) queue.remove_marker(slot.node);
    slot.placed = false;
    slot.reference = 0;
  }
  ~ReceiveMarkers() {
    for (Slot& slot : slots_) {
      // Placed nodes die with the queue.
      if (slot.node != nullptr && !slot.placed) release_signal(slot.node);
    }
  }
  static constexpr size_t kCount = 4;

 private:
  struct Slot {
    Signal* node = nullptr;
    uint64_t reference = 0;
    bool placed = false;
  };
  Slot slots_[kCount];
  size_t next_ = 0;
};

}  // namespace joist
