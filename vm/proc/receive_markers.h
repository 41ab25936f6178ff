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
    const size_t index = free_slot();
    clear(queue, index);
    Slot& slot = slots_[index];
    slot.age = next_age_++;
    slot.taken = true;
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
    slot.taken = slot.placed = false;
    slot.reference = 0;
  }
  // The same for the one that is bound to the reference: code keeps only that, in its place.
  void clear_bound(MessageQueue& queue, uint64_t reference) {
    for (size_t i = 0; i < kCount; ++i) {
      if (slots_[i].taken && slots_[i].reference == reference) return clear(queue, i);
    }
  }
  ~ReceiveMarkers() {
    for (Slot& slot : slots_) {
      // Placed nodes die with the queue.
      if (slot.node != nullptr && !slot.placed) release_signal(slot.node);
    }
  }
  // As many as ERTS has: nested calls may each have one.
  static constexpr size_t kCount = 8;

 private:
  // One that nobody has, or else the oldest.
  size_t free_slot() const {
    size_t oldest = 0;
    for (size_t i = 0; i < kCount; ++i) {
      if (!slots_[i].taken) return i;
      if (slots_[i].age < slots_[oldest].age) oldest = i;
    }
    return oldest;
  }

  struct Slot {
    Signal* node = nullptr;
    uint64_t reference = 0;
    uint64_t age = 0;
    bool taken = false;   // reserved, and not cleared yet
    bool placed = false;  // its node is in the queue
  };
  Slot slots_[kCount];
  uint64_t next_age_ = 0;
};

}  // namespace joist
