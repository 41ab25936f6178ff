#include "vm/io/port_table.h"

#include <bit>

#include "vm/io/port.h"

namespace joist {

namespace {

constexpr Word kPortNumbers = (Word{1} << kLocalPortBits) - 1;

}  // namespace

bool PortTable::create(size_t limit) {
  const size_t slots = std::bit_ceil(limit);
  Result<Reservation> memory = Reservation::reserve(slots * sizeof(std::atomic<Port*>));
  Result<Reservation> taken = Reservation::reserve(slots);
  if (!memory || !taken) return false;
  memory_ = std::move(memory.value());
  taken_memory_ = std::move(taken.value());
  if (!memory_.commit(0, memory_.size()) || !taken_memory_.commit(0, taken_memory_.size())) {
    return false;
  }
  // Fresh pages are zero, which is right for both.
  slots_ = reinterpret_cast<std::atomic<Port*>*>(memory_.base());
  slot_mask_ = slots - 1;
  MutexLock lock(mutex_);
  taken_ = reinterpret_cast<uint8_t*>(taken_memory_.base());
  return true;
}

Word PortTable::next_number() const {
  MutexLock lock(mutex_);
  return free_number() & kPortNumbers;
}

Word PortTable::free_number() const {
  Word number = next_number_;
  while (count() < limit() && taken_[number & slot_mask_] != 0) ++number;
  return number;
}

void PortTable::set_next_number(Word number) {
  MutexLock lock(mutex_);
  next_number_ = number;
}

Term PortTable::reserve() {
  MutexLock lock(mutex_);
  if (count() == limit()) return Term::none();
  next_number_ = free_number();
  const Word number = next_number_++ & kPortNumbers;
  taken_[number & slot_mask_] = 1;
  count_.fetch_add(1, std::memory_order_relaxed);
  return Term::local_port(number);
}

void PortTable::publish(Term id, Port* port) {
  MutexLock lock(mutex_);
  const size_t slot = slot_of(id);
  slots_[slot].store(port, std::memory_order_release);
  if (slot >= used_slots_.load(std::memory_order_relaxed)) {
    used_slots_.store(slot + 1, std::memory_order_release);
  }
}

void PortTable::remove(Term id) {
  MutexLock lock(mutex_);
  slots_[slot_of(id)].store(nullptr, std::memory_order_release);
  taken_[slot_of(id)] = 0;
  count_.fetch_sub(1, std::memory_order_relaxed);
}

Port* PortTable::find(Term id) const {
  Port* port = slots_[slot_of(id)].load(std::memory_order_acquire);
  return port != nullptr && port->id() == id ? port : nullptr;
}

std::vector<Term> PortTable::snapshot() const {
  MutexLock lock(mutex_);
  std::vector<Term> ids;
  size_t slot = 0;
  while (const Port* port = next(&slot)) ids.push_back(port->id());
  return ids;
}

Port* PortTable::next(size_t* slot) const {
  const size_t end = used_slots_.load(std::memory_order_acquire);
  while (*slot < end) {
    Port* port = slots_[(*slot)++].load(std::memory_order_acquire);
    if (port != nullptr) return port;
  }
  return nullptr;
}

}  // namespace joist
