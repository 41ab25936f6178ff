#include "vm/proc/name_table.h"

#include "vm/term/atom.h"

namespace joist {

bool NameTable::create() {
  Result<Reservation> memory = Reservation::reserve(atom_limit() * sizeof(Word));
  if (!memory || !memory.value().commit(0, memory.value().size())) return false;
  memory_ = std::move(memory.value());
  owners_ = reinterpret_cast<std::atomic<Word>*>(memory_.base());
  return true;
}

Term NameTable::find(Term name) const {
  const Word owner = owners_[name.atom_index()].load(std::memory_order_acquire);
  return owner == 0 ? Term::none() : Term::from_bits(owner);
}

bool NameTable::add(Term name, Term owner) {
  Word nobody = 0;
  MutexLock lock(mutex_);
  if (!owners_[name.atom_index()].compare_exchange_strong(nobody, owner.bits(),
                                                          std::memory_order_acq_rel)) {
    return false;
  }
  registered_.insert(name.atom_index());
  return true;
}

bool NameTable::remove(Term name, Term owner) {
  Word expected = owner.bits();
  MutexLock lock(mutex_);
  if (!owners_[name.atom_index()].compare_exchange_strong(expected, 0, std::memory_order_acq_rel)) {
    return false;
  }
  registered_.erase(name.atom_index());
  return true;
}

std::vector<Term> NameTable::names() const {
  MutexLock lock(mutex_);
  std::vector<Term> names;
  names.reserve(registered_.size());
  for (uint32_t index : registered_) names.push_back(Term::atom(index));
  return names;
}

}  // namespace joist
