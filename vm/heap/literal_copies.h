// Copies of leaving literal areas for one collection that takes a heap's references to them along
// (Evacuator with FromSpace::kAnywhereAndLeaving). Others read the areas meanwhile, so the copies
// are what the collector takes apart; an area is copied when the first reference to it is found.
#pragma once

#include <memory>
#include <vector>

#include "vm/heap/heap.h"
#include "vm/heap/leaving_literals.h"

namespace joist {

class LiteralCopies {
 public:
  LiteralCopies(Heap& heap, const LeavingLiterals& leaving)
      : heap_(heap), leaving_(leaving), copies_(leaving.count()) {}

  // Where the object at that address of the literal space lies in a copy; 0: it does not leave.
  Word relocate(Word address) {
    if (!leaving_.contains(address)) return 0;
    const size_t index = leaving_.index_of(address);
    if (copies_[index] == nullptr) copy(index);
    return address - reinterpret_cast<Word>(leaving_.area(index).words) +
           reinterpret_cast<Word>(copies_[index].get());
  }

 private:
  void copy(size_t index);

  Heap& heap_;
  const LeavingLiterals& leaving_;
  std::vector<std::unique_ptr<Word[]>> copies_;
};

}  // namespace joist
