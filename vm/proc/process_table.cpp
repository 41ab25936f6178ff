#include "vm/proc/process_table.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "vm/proc/process.h"

namespace joist {

bool ProcessTable::create(size_t limit) {
  const size_t slots = std::bit_ceil(limit);
  Result<Reservation> slot_memory = Reservation::reserve(slots * sizeof(Slot));
  Result<Reservation> free_memory = Reservation::reserve(slots * sizeof(uint32_t));
  if (!slot_memory || !free_memory) return false;
  slot_memory_ = std::move(slot_memory.value());
  free_memory_ = std::move(free_memory.value());
  if (!slot_memory_.commit(0, slot_memory_.size())) return false;
  if (!free_memory_.commit(0, free_memory_.size())) return false;
  MutexLock lock(mutex_);
  // Fresh pages are zero, which is right for a slot; untouched ones cost nothing.
  slots_ = reinterpret_cast<Slot*>(slot_memory_.base());
  free_ = reinterpret_cast<uint32_t*>(free_memory_.base());
  slot_mask_ = slots - 1;
  free_tail_ = slots;
  return true;
}

size_t ProcessTable::free_slot(size_t place) const {
  // In the first round every place holds its own slot without having been written.
  return place <= slot_mask_ ? place : free_[place & slot_mask_];
}

bool ProcessTable::add(Process& process) {
  size_t index;
  size_t place;
  {
    MutexLock lock(mutex_);
    if (free_head_ == free_tail_) return false;
    place = free_head_++;
    index = free_slot(place);
    if (place <= slot_mask_) used_.store(place + 1, std::memory_order_release);
  }
  Slot& slot = slots_[index];
  const uint64_t before = slot.next_number.fetch_add(kBirth + 1, std::memory_order_relaxed);
  const uint64_t round = before & (kBirth - 1);
  const uint64_t number = round * limit() + index;
  process.pid = make_local_pid(
      static_cast<uint32_t>(number & ((uint64_t{1} << kPidNumberBits) - 1)),
      static_cast<uint32_t>(number >> kPidNumberBits & ((uint64_t{1} << kPidSerialBits) - 1)));
  count_.fetch_add(1, std::memory_order_relaxed);
  slot.ticket.store(place, std::memory_order_relaxed);
  slot.process.store(&process, std::memory_order_release);
  return true;
}

void ProcessTable::remove(Process& process) {
  const size_t index = local_pid_number(process.pid) & slot_mask_;
  count_.fetch_sub(1, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  slots_[index].process.store(nullptr, std::memory_order_release);
  for (Census* census : censuses_) {
    if (census->misses(index, slots_[index].ticket.load(std::memory_order_relaxed))) {
      census->pids_.push_back(process.pid);
    }
  }
  free_[free_tail_++ & slot_mask_] = static_cast<uint32_t>(index);
}

uint64_t ProcessTable::next_number() {
  MutexLock lock(mutex_);
  if (free_head_ == free_tail_) return 0;
  const size_t index = free_slot(free_head_);
  const uint64_t next = slots_[index].next_number.load(std::memory_order_relaxed);
  return (next & (kBirth - 1)) * limit() + index;
}

void ProcessTable::set_next_number(uint64_t number) {
  MutexLock lock(mutex_);
  std::vector<bool> is_free(limit());
  for (size_t place = free_head_; place != free_tail_; ++place) is_free[free_slot(place)] = true;
  // The ring begins anew, behind the first round.
  const size_t count = free_tail_ - free_head_;
  free_head_ = std::max(free_head_, limit());
  free_tail_ = free_head_;
  for (size_t i = 0; i < limit(); ++i) {
    const size_t index = (number + i) & slot_mask_;
    if (!is_free[index]) continue;
    std::atomic<uint64_t>& next = slots_[index].next_number;
    const uint64_t births = next.load(std::memory_order_relaxed) & ~(kBirth - 1);
    next.store(births | ((number + i) / limit() & (kBirth - 1)), std::memory_order_relaxed);
    free_[free_tail_++ & slot_mask_] = static_cast<uint32_t>(index);
  }
  JOIST_CHECK(free_tail_ - free_head_ == count);
  used_.store(limit(), std::memory_order_release);
}

Process* ProcessTable::find(Term pid) const {
  const size_t index = local_pid_number(pid) & slot_mask_;
  Process* process = slots_[index].process.load(std::memory_order_acquire);
  return process != nullptr && process->pid == pid ? process : nullptr;
}

uint64_t ProcessTable::birth(Term pid) const {
  if (find(pid) == nullptr) return 0;
  const Slot& slot = slots_[local_pid_number(pid) & slot_mask_];
  return slot.next_number.load(std::memory_order_relaxed) / kBirth + 1;
}

ProcessTable::Census::Census(ProcessTable& table) : table_(table) {
  MutexLock lock(table_.mutex_);
  ticket_ = table_.free_head_;
  end_ = table_.used_.load(std::memory_order_relaxed);
  table_.censuses_.push_back(this);
}

ProcessTable::Census::~Census() {
  MutexLock lock(table_.mutex_);
  std::erase(table_.censuses_, this);
}

bool ProcessTable::Census::go_on(size_t slots) {
  MutexLock lock(table_.mutex_);
  const size_t end = std::min(end_, next_ + slots);
  for (; next_ < end; ++next_) {
    const Slot& slot = table_.slots_[next_];
    const Process* process = slot.process.load(std::memory_order_acquire);
    if (process == nullptr || slot.ticket.load(std::memory_order_relaxed) >= ticket_) continue;
    pids_.push_back(process->pid);
  }
  if (next_ < end_) return false;
  std::erase(table_.censuses_, this);
  return true;
}

Process* ProcessTable::next(size_t* slot) const {
  const size_t end = used_.load(std::memory_order_acquire);
  while (*slot < end) {
    Process* process = slots_[(*slot)++].process.load(std::memory_order_acquire);
    if (process != nullptr) return process;
  }
  return nullptr;
}

}  // namespace joist
