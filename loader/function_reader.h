// Reads code function by function, so that a module of any size takes no more memory than its
// largest function needs.
#pragma once

#include "loader/operands.h"

namespace joist {

class FunctionReader {
 public:
  // `bytes` begin with a function. What is read is appended to `code`, which the caller may clear
  // between functions.
  FunctionReader(const BeamFile& file, ByteSpan bytes, GenericCode& code)
      : bytes_(bytes), reader_(file, bytes, code), code_(code) {}

  // Appends the next function; false: there are no more, and int_code_end is behind the last one.
  Result<bool> next();

  // Where the function read last begins and ends in the bytes.
  uint32_t begin() const { return begin_; }
  uint32_t end() const { return end_; }

 private:
  // Before a label instruction: where a function may begin.
  struct Mark {
    ByteReader bytes;
    size_t instructions;
    size_t operands;
    size_t allocations;
    size_t wide_integers;
    size_t big_integers;
  };

  Mark mark() const;
  void go_back(const Mark& mark);

  const ByteSpan bytes_;
  InstructionReader reader_;
  GenericCode& code_;
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
  size_t earlier_ = 0;   // instructions of functions before this one
  uint32_t number_ = 0;  // of this function
  bool ended_ = false;
};

// The function whose instructions are those of `code` from `begin` on; an error if they do not
// start as a function does.
Result<GenericFunction> find_function(const GenericCode& code, size_t begin);

}  // namespace joist
