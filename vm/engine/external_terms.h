// What external terms of a VM refer to: its code, and the objects of its magic references.
#pragma once

#include "loader/load.h"
#include "vm/codec/magic_table.h"

namespace joist {

class ExternalTerms final : public CodeResolver {
 public:
  ExternalTerms(CodeTable& code, MagicTable& magic) : CodeResolver(code), magic_(magic) {}
  Binary* find_magic(const RefNumbers& numbers) override { return magic_.find(numbers); }
  void keep_magic(Term reference) override { magic_.keep(reference); }

 private:
  MagicTable& magic_;
};

}  // namespace joist
