// Which literal areas are still referred to: what must be known before one is released. Name the
// areas, visit every heap that could refer to them while nobody runs, then ask.
//
// Conservative: a word that merely looks like a pointer keeps an area.
#pragma once

#include <span>
#include <vector>

#include "vm/heap/heap.h"

namespace joist {

class LiteralScan {
 public:
  explicit LiteralScan(std::span<const LiteralSpace::Area> areas);

  void visit(const Heap& heap, const RootSet& roots);
  void visit(const Fragment* fragments);  // of a message on its way
  void visit(std::span<const Term> terms) {
    visit_words(reinterpret_cast<const Word*>(terms.data()), terms.size());
  }

  // By the position in `areas`.
  bool in_use(size_t index) const { return in_use_[index]; }

 private:
  struct Range {
    Word from;
    Word to;
    size_t index;
  };
  void visit_words(const Word* words, size_t count);
  void mark(Word address);

  std::vector<Range> ranges_;  // by address
  Word lowest_ = 0;
  Word size_ = 0;  // of what all ranges span
  std::vector<bool> in_use_;
};

}  // namespace joist
