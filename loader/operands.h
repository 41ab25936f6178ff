// Decoding of generic instructions: an opcode byte, then its operands as tagged numbers.
//
//   tag 0 .. 5   unsigned, integer, atom (0: nil), x, y, label (0: none)
//   tag 7 (extended), by number:
//     1 list        unsigned count, then that many operands; last operand only, lists do not nest
//     2 float reg   unsigned
//     3 allocation  unsigned count of pairs (kind, number): 0 words, 1 floats, 2 funs
//     4 literal     unsigned index
//     5 typed reg   x or y, then unsigned index into the types
//
// Indices into atoms, literals, types, labels and registers are checked here; whether an operand
// suits its instruction is for verify().
#pragma once

#include "loader/beam_file.h"
#include "loader/tagged.h"
#include "vm/base/bytes.h"
#include "vm/base/result.h"

namespace joist {

// Decodes instructions one by one, appending them and their operands to `code`.
class InstructionReader {
 public:
  InstructionReader(const BeamFile& file, ByteSpan bytes, GenericCode& code);

  bool at_end() const { return reader_.at_end(); }
  // Appends the next instruction; an error says what is wrong with it.
  Result<void> next();

 private:
  // Appends the next operand if it is of the commonest kinds and sizes; false: read_operand() is
  // to do it.
  bool read_short_operand();
  Result<Operand> read_operand();
  Result<Operand> read_extended(const TaggedNumber& number);
  Result<Operand> read_typed_register();
  Result<Operand> read_allocation();
  Result<uint32_t> read_unsigned(const char* what);

  const BeamFile& file_;
  // By tag: which numbers of one or two bytes are an operand without further ado. The label and
  // the atom 0 stand for none and nil.
  struct Range {
    uint32_t least;
    uint32_t end;
  };
  static constexpr uint32_t kEndOfShort = 2048;
  const Range short_ranges_[6];
  ByteReader reader_;
  GenericCode& code_;
};

// Decodes the whole code, up to int_code_end, into file.code and finds its functions. Needs the
// header, atoms, literals and types of `file`.
Result<void> parse_code(BeamFile& file, ByteSpan bytes);

}  // namespace joist
