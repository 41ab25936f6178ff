// The table behind persistent_term: keys and values in literal areas of their own, so that a get
// returns the term itself and copies nothing.
//
//   slots: | - | hash, pair ------> area: {Key, Value} and all they consist of | - | ...
//
// Thread-safe: readers share a lock, writers take it alone.
//
// A value that is replaced or erased may still be on some heap. Its area is retired, and released
// only when release_unused() is told by a scan of every heap that nobody refers to it. Retired
// areas never come back: nobody finds them in the table any more.
#pragma once

#include <optional>
#include <vector>

#include "vm/base/sync.h"
#include "vm/heap/literal_scan.h"

namespace joist {

class PersistentTerms {
 public:
  explicit PersistentTerms(LiteralSpace& literals) : literals_(literals) {}
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
  size_t memory_bytes() const;  // of the table, what is in it, and what is retired

  // The retired areas, to be looked for in all heaps; then those not found are released. The
  // caller makes sure that nobody runs from the first to the second.
  std::vector<LiteralSpace::Area> retired() const;
  void release_unused(const LiteralScan& scan);

 private:
  struct Entry {
    Term pair = Term::none();  // none(): free
    uint32_t hash = 0;
    LiteralSpace::Area area;
  };
  // The slot with `key`, or the free one where it would go.
  size_t slot_of(Term key, uint32_t hash) const JOIST_REQUIRES_SHARED(lock_);
  size_t home_distance(size_t slot) const JOIST_REQUIRES_SHARED(lock_);
  static std::optional<PutResult> settled_by(Term pair, Term value, PutMode mode);
  void grow() JOIST_REQUIRES(lock_);
  void remove(size_t slot) JOIST_REQUIRES(lock_);

  LiteralSpace& literals_;
  mutable RwMutex lock_;
  std::vector<Entry> slots_ JOIST_GUARDED_BY(lock_);  // open addressing; a power of two, or none
  size_t count_ JOIST_GUARDED_BY(lock_) = 0;
  std::vector<LiteralSpace::Area> retired_ JOIST_GUARDED_BY(lock_);
};

}  // namespace joist
