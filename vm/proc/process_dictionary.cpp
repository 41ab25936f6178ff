#include "vm/proc/process_dictionary.h"

#include "vm/term/compare.h"
#include "vm/term/hash.h"

namespace joist {
namespace {

uint32_t hash_of(uint64_t slot) { return static_cast<uint32_t>(slot >> 32); }
size_t pair_of(uint64_t slot) { return static_cast<uint32_t>(slot) - 1; }
uint64_t make_slot(uint32_t hash, size_t pair) { return uint64_t{hash} << 32 | (pair + 1); }

}  // namespace

size_t ProcessDictionary::find(Term key) const {
  if (!slots_.empty()) {
    uint64_t slot = slots_[slot_of(key, internal_hash(key))];
    return slot == 0 ? kNotFound : pair_of(slot);
  }
  for (size_t i = 0; i < pairs_.size(); i += 2) {
    if (exact_equal(pairs_[i], key)) return i / 2;
  }
  return kNotFound;
}

size_t ProcessDictionary::slot_of(Term key, uint32_t hash) const {
  size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    if (slots_[i] == 0) return i;
    if (hash_of(slots_[i]) == hash && exact_equal(pairs_[2 * pair_of(slots_[i])], key)) return i;
  }
}

void ProcessDictionary::add_slot(uint32_t hash, size_t pair) {
  size_t mask = slots_.size() - 1;
  size_t i = hash & mask;
  while (slots_[i] != 0) i = (i + 1) & mask;
  slots_[i] = make_slot(hash, pair);
}

// Moves back the slots behind that would no longer be found.
void ProcessDictionary::remove_slot(size_t slot) {
  size_t mask = slots_.size() - 1;
  size_t free = slot;
  for (size_t i = (slot + 1) & mask; slots_[i] != 0; i = (i + 1) & mask) {
    size_t home = hash_of(slots_[i]) & mask;
    if (((i - home) & mask) < ((i - free) & mask)) continue;
    slots_[free] = slots_[i];
    free = i;
  }
  slots_[free] = 0;
}

void ProcessDictionary::rebuild_slots() {
  size_t count = 4 * kScanLimit;
  while (count < 4 * size()) count *= 2;
  slots_.assign(count, 0);
  for (size_t i = 0; i < size(); ++i) add_slot(internal_hash(pairs_[2 * i]), i);
}

Term ProcessDictionary::get(Term key) const {
  size_t pair = find(key);
  return pair == kNotFound ? Term::none() : pairs_[2 * pair + 1];
}

Term ProcessDictionary::put(Term key, Term value) {
  size_t pair = find(key);
  if (pair != kNotFound) {
    Term old = pairs_[2 * pair + 1];
    pairs_[2 * pair + 1] = value;
    return old;
  }
  pairs_.push_back(key);
  pairs_.push_back(value);
  if (slots_.empty() ? size() > kScanLimit : 2 * size() > slots_.size()) {
    rebuild_slots();
  } else if (!slots_.empty()) {
    add_slot(internal_hash(key), size() - 1);
  }
  return Term::none();
}

Term ProcessDictionary::erase(Term key) {
  size_t pair = find(key);
  if (pair == kNotFound) return Term::none();
  Term old = pairs_[2 * pair + 1];
  size_t last = size() - 1;
  if (!slots_.empty()) {
    remove_slot(slot_of(key, internal_hash(key)));
    if (pair != last) {
      uint32_t hash = internal_hash(pairs_[2 * last]);
      slots_[slot_of(pairs_[2 * last], hash)] = make_slot(hash, pair);
    }
  }
  pairs_[2 * pair] = pairs_[2 * last];
  pairs_[2 * pair + 1] = pairs_[2 * last + 1];
  pairs_.resize(2 * last);
  return old;
}

void ProcessDictionary::clear() {
  pairs_.clear();
  slots_.clear();
}

}  // namespace joist
