// Listings of threaded code, decoded through the same tables that the loader encodes with
// (vm/code/instr.h).
#pragma once

#include <string>
#include <unordered_map>

#include "vm/code/instr.h"
#include "vm/code/module.h"

namespace joist::cli {

class ThreadedListing {
 public:
  ThreadedListing(const HandlerTable& handlers, const Module& module);

  // Words that stand for something with a name (export entries, fun entries).
  void name_word(const void* address, std::string name);

  // One instruction a line, with the index of its first cell; `@12` is the instruction at cell 12:
  //
  //     twice/1:
  //        0  func_info sample twice 1
  //        4  times - x0 2 x0
  //
  // A list is shown by what its cells are: [a b @12 @20] are two constants and their labels, {3}
  // is the header of a tuple of three.
  void append(const FunctionRange& function, std::string& text) const;

 private:
  struct Form {
    Op op;
    size_t combination;
  };

  // Cells of the instruction; 0: what is there is none.
  size_t append_instruction(uint32_t position, std::string& text) const;
  std::string field_text(uint32_t position, FieldKind kind, size_t offset) const;
  void append_list(Op op, uint32_t position, const Cell* cells, size_t count,
                   std::string& text) const;

  const Module& module_;
  std::unordered_map<Cell, Form> forms_;  // by handler
  std::unordered_map<Word, std::string> names_;
};

}  // namespace joist::cli
