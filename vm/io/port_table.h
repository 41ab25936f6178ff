// All ports by identifier. Lookups are wait-free; the record they find stays valid until the
// calling thread's next quiescent state (vm/base/epoch.h).
//
// Numbers are given out in order; one whose slot is taken is passed over.
#pragma once

#include <atomic>
#include <vector>

#include "vm/base/sync.h"
#include "vm/os/memory.h"
#include "vm/term/term.h"

namespace joist {

class Port;

class PortTable {
 public:
  // `limit` is rounded up to a power of two, as in OTP. False: no memory.
  bool create(size_t limit);

  // What the next port gets as its number, unless that place is taken then; to be told, and to be
  // changed.
  Word next_number() const JOIST_EXCLUDES(mutex_);
  void set_next_number(Word number) JOIST_EXCLUDES(mutex_);

  size_t limit() const { return slot_mask_ + 1; }
  size_t count() const { return count_.load(std::memory_order_relaxed); }

  // A place and its identifier; none(): the table is full.
  Term reserve();
  void publish(Term id, Port* port);
  // Of a port, or of a place that was only reserved.
  void remove(Term id);
  // null: no such port.
  Port* find(Term id) const;
  // All identifiers at one moment: what one process has opened before is there, and not what it has
  // closed before.
  std::vector<Term> snapshot() const JOIST_EXCLUDES(mutex_);
  // The first port at or behind slot `*slot`, which is moved behind it; null at the end.
  Port* next(size_t* slot) const;

 private:
  // The next number whose place is free; not yet cut to the bits of a port.
  Word free_number() const JOIST_REQUIRES(mutex_);

  size_t slot_of(Term id) const { return id.payload() & slot_mask_; }

  Reservation memory_;
  std::atomic<Port*>* slots_ = nullptr;
  size_t slot_mask_ = 0;
  std::atomic<size_t> count_{0};
  std::atomic<size_t> used_slots_{0};  // those from here on have never had a port
  mutable Mutex mutex_;
  Reservation taken_memory_;
  uint8_t* taken_ JOIST_GUARDED_BY(mutex_) = nullptr;
  Word next_number_ JOIST_GUARDED_BY(mutex_) = 0;
};

}  // namespace joist
