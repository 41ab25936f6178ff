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

#include <memory>

#include "loader/beam_file.h"
#include "loader/tagged.h"
#include "vm/base/bytes.h"
#include "vm/base/result.h"

namespace joist {

// Decodes instructions one by one, appending them and their operands to `code`.
class InstructionReader {
 public:
  InstructionReader(const BeamFile& file, ByteSpan bytes, GenericCode& code);
  ~InstructionReader();

  bool at_end() const { return reader_.at_end(); }
  const ByteReader& bytes() const { return reader_; }
  void go_on_at(const ByteReader& bytes) { reader_ = bytes; }
  bool is_next(GenericOp op) const {
    return reader_.remaining() != 0 && *reader_.position() == static_cast<uint8_t>(op);
  }
  // Appends the next instruction; false: error() says what is wrong with it.
  bool next();
  // Appends instructions up to the next one that functions are told apart by (label, func_info,
  // on_load, int_code_end) or up to a few bytes before the end; false: as for next().
  bool read_body();
  const Error& error() const { return error_; }

 private:
  struct Lead;

  // Reads the operand at `at` if it is of the commonest kinds and sizes, and returns what is behind
  // it; null: read_long_operand() is to do it.
  const uint8_t* read_short_operand(const uint8_t* at, const uint8_t* end, Operand* operand) const;
  const uint8_t* read_short_extended(const uint8_t* at, const uint8_t* end, Operand* operand) const;
  // What is behind the instruction at `at`, which is appended; null, and nothing is: an operand is
  // none of the short ones.
  const uint8_t* read_short_instruction(const uint8_t* at, const uint8_t* end, uint8_t arity);
  std::unique_ptr<Lead[]> leads_of_small_file() const;
  // These append, and are false after an error.
  bool read_operands(uint32_t count, bool ends_with_list);
  bool read_long_operand(bool is_last);
  bool read_list();
  bool fail(Error error) {
    error_ = std::move(error);
    return false;
  }
  Result<Operand> read_operand();
  Result<Operand> read_extended(const TaggedNumber& number);
  Result<Operand> read_typed_register();
  Result<Operand> read_allocation();
  Result<uint32_t> read_unsigned(const char* what);

  const BeamFile& file_;
  // By first byte of an operand. Files with few atoms or labels have a table of their own.
  const std::unique_ptr<Lead[]> own_leads_;
  const Lead* const leads_;
  // By tag: which numbers of two bytes are an operand without further ado. The label and the atom 0
  // stand for none and nil.
  struct Range {
    uint32_t least;
    uint32_t count;
  };
  static constexpr uint32_t kEndOfShort = 2048;
  const Range short_ranges_[6];
  ByteReader reader_;
  GenericCode& code_;
  Error error_;
};

// Decodes the whole code, up to int_code_end, into file.code. Needs the header, atoms, literals and
// types of `file`.
Result<void> parse_code(BeamFile& file);

}  // namespace joist
