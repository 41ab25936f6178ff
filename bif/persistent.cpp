#include "bif/persistent.h"

#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/term/compare.h"
#include "vm/term/hash.h"

namespace joist {

PersistentTerms::~PersistentTerms() {
  for (Entry& entry : slots_) literals_.release(entry.area);
}

size_t PersistentTerms::slot_of(Term key, uint32_t hash) const {
  size_t slot = hash & (slots_.size() - 1);
  while (!slots_[slot].pair.is_none() &&
         !(slots_[slot].hash == hash && exact_equal(tuple_elements(slots_[slot].pair)[0], key))) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

Term PersistentTerms::get(Term key) const {
  const uint32_t hash = internal_hash(key);
  ReadLock lock(lock_);
  if (slots_.empty()) return Term::none();
  const Entry& entry = slots_[slot_of(key, hash)];
  return entry.pair.is_none() ? Term::none() : tuple_elements(entry.pair)[1];
}

// What an entry that is there already makes of a put; nullopt: its value is to be replaced.
std::optional<PersistentTerms::PutResult> PersistentTerms::settled_by(Term pair, Term value,
                                                                      PutMode mode) {
  if (exact_equal(tuple_elements(pair)[1], value)) return PutResult::kDone;
  if (mode == PutMode::kOnlyNew) return PutResult::kOtherValue;
  return std::nullopt;
}

// The value, which may be large, is compared and copied without keeping readers out. What happens
// meanwhile counts as having come before.
PersistentTerms::PutResult PersistentTerms::put(Term key, Term value, PutMode mode) {
  const uint32_t hash = internal_hash(key);
  Term looked_at = Term::none();
  {
    ReadLock lock(lock_);
    if (!slots_.empty()) looked_at = slots_[slot_of(key, hash)].pair;
    if (!looked_at.is_none()) {
      if (const auto result = settled_by(looked_at, value, mode)) return *result;
    }
  }
  Allocator scratch;
  LiteralSpace::Area area;
  const Term pair = copy_to_literals(literals_, make_tuple(scratch, {key, value}), &area);
  if (pair.is_none()) return PutResult::kNoRoom;
  WriteLock lock(lock_);
  if (2 * (count_ + 1) > slots_.size()) grow();
  Entry& entry = slots_[slot_of(key, hash)];
  if (!entry.pair.is_none() && !(entry.pair == looked_at)) {
    if (const auto result = settled_by(entry.pair, value, mode)) {
      literals_.release(area);
      return *result;
    }
  }
  if (entry.pair.is_none()) {
    ++count_;
  } else {
    retired_.add(entry.area);
  }
  entry = {pair, hash, area};
  return PutResult::kDone;
}

void PersistentTerms::grow() {
  std::vector<Entry> old(slots_.empty() ? 64 : 2 * slots_.size());
  old.swap(slots_);
  for (const Entry& entry : old) {
    if (entry.pair.is_none()) continue;
    slots_[slot_of(tuple_elements(entry.pair)[0], entry.hash)] = entry;
  }
}

bool PersistentTerms::erase(Term key) {
  const uint32_t hash = internal_hash(key);
  WriteLock lock(lock_);
  if (slots_.empty()) return false;
  const size_t slot = slot_of(key, hash);
  if (slots_[slot].pair.is_none()) return false;
  remove(slot);
  return true;
}

// How far an entry lies behind the slot its hash asks for.
size_t PersistentTerms::home_distance(size_t slot) const {
  return (slot - slots_[slot].hash) & (slots_.size() - 1);
}

// Moves up what follows, so that no search stops at the hole.
void PersistentTerms::remove(size_t slot) {
  retired_.add(slots_[slot].area);
  slots_[slot] = Entry();
  --count_;
  const size_t mask = slots_.size() - 1;
  size_t hole = slot;
  for (size_t next = (slot + 1) & mask; !slots_[next].pair.is_none(); next = (next + 1) & mask) {
    if (home_distance(next) < ((next - hole) & mask)) continue;  // would land before its home
    slots_[hole] = slots_[next];
    slots_[next] = Entry();
    hole = next;
  }
}

void PersistentTerms::erase_all() {
  WriteLock lock(lock_);
  for (const Entry& entry : slots_) {
    if (!entry.pair.is_none()) retired_.add(entry.area);
  }
  slots_.clear();
  count_ = 0;
}

std::vector<Term> PersistentTerms::pairs() const {
  ReadLock lock(lock_);
  std::vector<Term> pairs;
  pairs.reserve(count_);
  for (const Entry& entry : slots_) {
    if (!entry.pair.is_none()) pairs.push_back(entry.pair);
  }
  return pairs;
}

size_t PersistentTerms::count() const {
  ReadLock lock(lock_);
  return count_;
}

size_t PersistentTerms::table_slots() const {
  ReadLock lock(lock_);
  return slots_.size();
}

size_t PersistentTerms::memory_bytes() const {
  ReadLock lock(lock_);
  size_t bytes = slots_.size() * sizeof(Entry);
  for (const Entry& entry : slots_) bytes += entry.area.count * sizeof(Word);
  return bytes;
}

}  // namespace joist
