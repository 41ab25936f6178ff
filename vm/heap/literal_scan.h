// Whether a heap refers to leaving literals, and to which areas.
//
// Conservative: a word that merely looks like a pointer counts.
#pragma once

#include <vector>

#include "vm/heap/heap.h"
#include "vm/heap/leaving_literals.h"

namespace joist {

class LiteralScan {
 public:
  explicit LiteralScan(const LeavingLiterals& leaving) : leaving_(leaving) {}

  void visit(const Heap& heap, const RootSet& roots);
  void visit(const Word* words, size_t count);

  bool found_any() const { return !found_.empty(); }
  // Of all areas that were found.
  size_t words_found() const { return words_found_; }

 private:
  void mark(Word address);

  const LeavingLiterals& leaving_;
  std::vector<bool> found_;  // by area; empty: none
  size_t words_found_ = 0;
};

}  // namespace joist
