// The table behind persistent_term: keys and values in literal areas of their own, so that a get
// returns the term itself and copies nothing.
//
//   slots: | - | entry --> hash, pair --> area: {Key, Value} and all they consist of | - | ...
//
// It is never more than half full, and gets smaller when it is less than a quarter full.
//
// Thread-safe: readers share a lock, writers take it alone.
//
// A value that is replaced or erased may still be on some heap: its area is retired
// (vm/heap/retired_literals.h).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "vm/base/sync.h"
#include "vm/heap/retired_literals.h"

namespace joist {

class PersistentTerms {
 public:
  PersistentTerms(LiteralSpace& literals, RetiredLiterals& retired)
      : literals_(literals), retired_(retired) {}
  ~PersistentTerms();
  PersistentTerms(const PersistentTerms&) = delete;
  PersistentTerms& operator=(const PersistentTerms&) = delete;

  // none(): no such key.
  Term get(Term key) const;

  enum class PutMode { kReplace, kOnlyNew };
  enum class PutResult { kDone, kOtherValue, kNoRoom };
  // kOtherValue: kOnlyNew, and the key has another value.
  PutResult put(Term key, Term value, PutMode mode);
  // False: no such key.
  bool erase(Term key);
  void erase_all();

  // The tuples {Key, Value}.
  std::vector<Term> pairs() const;
  size_t count() const;
  size_t table_slots() const;
  size_t memory_bytes() const;  // of the table and what is in it
  // Of each term. They are only good as long as nobody changes the table.
  std::vector<LiteralSpace::Area> areas() const;

 private:
  struct Entry {
    Term pair;
    uint32_t hash;
    LiteralSpace::Area area;
  };
  using Slots = std::vector<std::unique_ptr<Entry>>;
  // The slot with `key`, or the free one where it would go.
  size_t slot_of(Term key, uint32_t hash) const JOIST_REQUIRES_SHARED(lock_);
  size_t home_distance(size_t slot) const JOIST_REQUIRES_SHARED(lock_);
  static std::optional<PutResult> settled_by(Term pair, Term value, PutMode mode);
  void resize(size_t slots) JOIST_REQUIRES(lock_);
  void remove(size_t slot) JOIST_REQUIRES(lock_);

  LiteralSpace& literals_;
  RetiredLiterals& retired_;
  mutable RwMutex lock_;
  Slots slots_ JOIST_GUARDED_BY(lock_);  // open addressing; a power of two, or none
  size_t count_ JOIST_GUARDED_BY(lock_) = 0;
};

}  // namespace joist
