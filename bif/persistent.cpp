#include "bif/persistent.h"

#include <algorithm>
#include <utility>

#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/term/compare.h"
#include "vm/term/hash.h"

namespace joist {

namespace {

constexpr size_t kFewestSlots = 64;

}  // namespace

PersistentTerms::~PersistentTerms() {
  for (const auto& entry : slots_) {
    if (entry != nullptr) literals_.release(entry->area);
  }
}

size_t PersistentTerms::slot_of(Term key, uint32_t hash) const {
  size_t slot = hash & (slots_.size() - 1);
  while (slots_[slot] != nullptr &&
         !(slots_[slot]->hash == hash && exact_equal(tuple_elements(slots_[slot]->pair)[0], key))) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

Term PersistentTerms::get(Term key) const {
  const uint32_t hash = internal_hash(key);
  ReadLock lock(lock_);
  if (slots_.empty()) return Term::none();
  const Entry* entry = slots_[slot_of(key, hash)].get();
  return entry == nullptr ? Term::none() : tuple_elements(entry->pair)[1];
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
    const Entry* entry = slots_.empty() ? nullptr : slots_[slot_of(key, hash)].get();
    if (entry != nullptr) {
      looked_at = entry->pair;
      if (const auto result = settled_by(looked_at, value, mode)) return *result;
    }
  }
  Allocator scratch;
  LiteralSpace::Area area;
  const Term pair = copy_shared_to_literals(literals_, make_tuple(scratch, {key, value}), &area);
  if (pair.is_none()) return PutResult::kNoRoom;
  WriteLock lock(lock_);
  if (2 * (count_ + 1) > slots_.size()) resize(std::max(kFewestSlots, 2 * slots_.size()));
  // Its own key is found without a comparison.
  const Term found_by = looked_at.is_none() ? key : tuple_elements(looked_at)[0];
  std::unique_ptr<Entry>& entry = slots_[slot_of(found_by, hash)];
  if (entry != nullptr && !(entry->pair == looked_at)) {
    if (const auto result = settled_by(entry->pair, value, mode)) {
      literals_.release(area);
      return *result;
    }
  }
  if (entry == nullptr) {
    ++count_;
    entry = std::make_unique<Entry>();
  } else {
    retired_.add(entry->area);
  }
  *entry = {pair, hash, area};
  return PutResult::kDone;
}

void PersistentTerms::resize(size_t slots) {
  Slots old(slots);
  old.swap(slots_);
  for (std::unique_ptr<Entry>& entry : old) {
    if (entry == nullptr) continue;
    const size_t slot = slot_of(tuple_elements(entry->pair)[0], entry->hash);
    slots_[slot] = std::move(entry);
  }
}

// The key, which may be large, is compared without keeping readers out.
bool PersistentTerms::erase(Term key) {
  const uint32_t hash = internal_hash(key);
  {
    ReadLock lock(lock_);
    const Entry* entry = slots_.empty() ? nullptr : slots_[slot_of(key, hash)].get();
    if (entry == nullptr) return false;
    key = tuple_elements(entry->pair)[0];
  }
  WriteLock lock(lock_);
  if (slots_.empty()) return false;
  const size_t slot = slot_of(key, hash);
  if (slots_[slot] == nullptr) return false;
  remove(slot);
  if (slots_.size() > kFewestSlots && 4 * count_ < slots_.size()) resize(slots_.size() / 2);
  return true;
}

// How far an entry lies behind the slot its hash asks for.
size_t PersistentTerms::home_distance(size_t slot) const {
  return (slot - slots_[slot]->hash) & (slots_.size() - 1);
}

// Moves up what follows, so that no search stops at the hole.
void PersistentTerms::remove(size_t slot) {
  retired_.add(slots_[slot]->area);
  slots_[slot].reset();
  --count_;
  const size_t mask = slots_.size() - 1;
  size_t hole = slot;
  for (size_t next = (slot + 1) & mask; slots_[next] != nullptr; next = (next + 1) & mask) {
    if (home_distance(next) < ((next - hole) & mask)) continue;  // would land before its home
    slots_[hole] = std::move(slots_[next]);
    hole = next;
  }
}

void PersistentTerms::erase_all() {
  WriteLock lock(lock_);
  for (const auto& entry : slots_) {
    if (entry != nullptr) retired_.add(entry->area);
  }
  slots_.clear();
  count_ = 0;
}

std::vector<Term> PersistentTerms::pairs() const {
  ReadLock lock(lock_);
  std::vector<Term> pairs;
  pairs.reserve(count_);
  for (const auto& entry : slots_) {
    if (entry != nullptr) pairs.push_back(entry->pair);
  }
  return pairs;
}

std::vector<LiteralSpace::Area> PersistentTerms::areas() const {
  ReadLock lock(lock_);
  std::vector<LiteralSpace::Area> areas;
  for (const auto& entry : slots_) {
    if (entry != nullptr) areas.push_back(entry->area);
  }
  return areas;
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
  size_t bytes = slots_.size() * sizeof(slots_[0]);
  for (const auto& entry : slots_) {
    if (entry != nullptr) bytes += sizeof(Entry) + entry->area.count * sizeof(Word);
  }
  return bytes;
}

}  // namespace joist
