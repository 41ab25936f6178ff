// The process dictionary: get/1, put/2, erase/1 and their kin. Pairs lie side by side in the
// order in which their keys came (an erased one's place is taken by the last), so that a
// collector visits one array; above a few pairs an index by hash is kept beside it.
//
//   pairs_   key 0, value 0, key 1, value 1, ...
//   slots_   hash << 32 | number of the pair + 1; 0: free (open addressing)
//
// Hashes are of contents, so collections that move the terms leave the index valid.
#pragma once

#include <span>
#include <vector>

#include "vm/term/boxed.h"

namespace joist {

class ProcessDictionary {
 public:
  size_t size() const { return pairs_.size() / 2; }
  // key, value, key, value...
  std::span<const Term> pairs() const { return pairs_; }
  // What a collector must visit.
  std::span<Term> roots() { return pairs_; }

  // none(): no such key.
  Term get(Term key) const;
  // The value that the key had before; none() if it is new. The terms must be the process' own.
  Term put(Term key, Term value);
  // The value that the key had; none() if it was not there.
  Term erase(Term key);
  void clear();

 private:
  static constexpr size_t kScanLimit = 8;
  static constexpr size_t kNotFound = ~size_t{0};

  size_t find(Term key) const;
  // The slot that holds a pair, or the free one where its search ends.
  size_t slot_of(Term key, uint32_t hash) const;
  void add_slot(uint32_t hash, size_t pair);
  void remove_slot(size_t slot);
  void rebuild_slots();

  std::vector<Term> pairs_;
  std::vector<uint64_t> slots_;
};

}  // namespace joist
