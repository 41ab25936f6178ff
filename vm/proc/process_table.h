// All processes by pid. Lookups are wait-free; the record they find stays valid until the calling
// thread's next quiescent state (vm/base/epoch.h).
//
// A pid's number is a counter: its low bits are the slot, the rest tells the processes apart that
// had the slot one after the other. Slots are given out in the order in which they became free,
// so a number comes again as late as possible.
#pragma once

#include <atomic>
#include <vector>

#include "vm/base/sync.h"
#include "vm/os/memory.h"
#include "vm/term/term.h"

namespace joist {

class Process;

class ProcessTable {
 public:
  // `limit` is rounded up to a power of two, as in OTP. False: no memory.
  bool create(size_t limit);

  size_t limit() const { return slot_mask_ + 1; }
  size_t count() const { return count_.load(std::memory_order_relaxed); }

  // Enters the process under a new pid, which it is given. False: the table is full.
  bool add(Process& process);
  // The pid is free from now on; the record must be retired through an EpochReader.
  void remove(Process& process);
  // null: no such process.
  Process* find(Term pid) const;

  // All that are there at one moment, found little by little:
  //
  //   ProcessTable::Census census(table);
  //   while (!census.go_on(slots)) ...
  //   census.pids()
  //
  // Meanwhile the table tells it who ends, and it passes over who has come since.
  class Census {
   public:
    explicit Census(ProcessTable& table);
    ~Census();
    Census(const Census&) = delete;
    Census& operator=(const Census&) = delete;

    // Looks at so many more slots. True: that was the last one.
    bool go_on(size_t slots);
    // Slots behind which there are none at the time.
    size_t slots() const { return end_; }
    // In no order.
    std::vector<Term>& pids() { return pids_; }

   private:
    friend class ProcessTable;
    // Whether the process in a slot is one that it has still to find.
    bool misses(size_t slot, uint64_t ticket) const { return slot >= next_ && ticket < ticket_; }

    ProcessTable& table_;
    uint64_t ticket_;  // of the first process that comes too late
    size_t end_;
    // Guarded by the table's mutex_.
    size_t next_ = 0;
    std::vector<Term> pids_;
  };

  // Walks the table: the first process at or behind slot `*slot`, which is moved behind it; null at
  // the end. Processes that come or go meanwhile may be missed.
  Process* next(size_t* slot) const;

  // Tells the process that has the pid now from others that had it before: which one it is of those
  // that had its slot. 0: no such process.
  uint64_t birth(Term pid) const;

  // For tests, as erts_debug has it: the number of the pid that is given out next, and making that
  // `number`, or the first behind it whose slot is free. Takes time in proportion to the limit.
  uint64_t next_number();
  void set_next_number(uint64_t number);

 private:
  // The slot at a place of the ring of free ones.
  size_t free_slot(size_t place) const JOIST_REQUIRES(mutex_);

  struct Slot {
    std::atomic<Process*> process;
    // The round in which the slot gives out its next pid, and above it how many it has given out.
    std::atomic<uint64_t> next_number;
    // Tells in which order processes have come; of the latest in this slot.
    std::atomic<uint64_t> ticket;
  };
  static constexpr uint64_t kBirth = uint64_t{1} << 40;
  Reservation slot_memory_;
  Slot* slots_ = nullptr;
  size_t slot_mask_ = 0;
  std::atomic<size_t> count_{0};
  std::atomic<size_t> used_{0};  // slots that ever had a process: all before this one

  // Free slots in a ring, oldest first.
  Mutex mutex_;
  Reservation free_memory_;
  uint32_t* free_ JOIST_GUARDED_BY(mutex_) = nullptr;
  size_t free_head_ JOIST_GUARDED_BY(mutex_) = 0;
  size_t free_tail_ JOIST_GUARDED_BY(mutex_) = 0;
  std::vector<Census*> censuses_ JOIST_GUARDED_BY(mutex_);
};

}  // namespace joist
