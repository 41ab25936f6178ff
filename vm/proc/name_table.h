// Registered names: an atom leads to the pid or port that has it. Lookups are wait-free, since
// each send to a name is one.
#pragma once

#include <atomic>
#include <set>
#include <vector>

#include "vm/base/sync.h"
#include "vm/os/memory.h"
#include "vm/term/term.h"

namespace joist {

class NameTable {
 public:
  bool create();  // false: no memory

  // The pid or port; none() when nobody has the name.
  Term find(Term name) const;
  // False: somebody has the name.
  bool add(Term name, Term owner);
  // False: `owner` does not have it.
  bool remove(Term name, Term owner);
  std::vector<Term> names() const;

 private:
  Reservation memory_;
  std::atomic<Word>* owners_ = nullptr;  // by atom index; 0: nobody
  mutable Mutex mutex_;
  std::set<uint32_t> registered_ JOIST_GUARDED_BY(mutex_);
};

}  // namespace joist
