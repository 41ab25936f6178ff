// Generic code to threaded code: chooses an op for each generic instruction by its operands,
// merges neighbours into superinstructions, and hands them to the Emitter. Needs code that
// verify() accepted and transform() simplified.
#pragma once

#include <optional>
#include <unordered_map>

#include "loader/beam_file.h"
#include "loader/emitter.h"
#include "vm/code/code_table.h"

namespace joist {

// What operands of the file stand for in this VM.
struct ModuleTerms {
  std::vector<Term> atoms;         // by atom index
  std::vector<Term> literals;      // by literal index; live in the module's literal area
  std::vector<Term> big_integers;  // by GenericCode::big_integers index; likewise
  std::unordered_map<int64_t, Term> wide_integers;  // those of 64 bits that fit no small; likewise
  std::vector<ExportEntry*> imports;
  std::vector<FunEntry*> lambdas;
  std::span<const RecordType> records;  // of the module
  const uint8_t* strings = nullptr;

  Term constant(const Operand& operand) const;
};

class Specialiser {
 public:
  Specialiser(const BeamFile& file, const GenericCode& code, const ModuleTerms& terms,
              Emitter& emitter)
      : file_(file), code_(code), terms_(terms), out_(emitter) {}

  // The function that the code is of; the emitter's cells, and what is known of them.
  void run(PreparedFunction& function);

 private:
  using Operands = std::span<const Operand>;

  void instruction(size_t index);
  // The position that the instruction there may be blamed with.
  uint32_t line_of(size_t index) const;
  void place_line(const Emitter::Fused& fused);
  void move(size_t index);
  void tuple_element(size_t index);
  void bits_instruction(const GenericInstruction& instruction, Operands o);
  void build_bits_instruction(const GenericInstruction& instruction, Operands o);
  void bs_match(Operands o, Operands commands);
  void bs_create_bin(const GenericInstruction& instruction, Operands o);
  void call(GenericOp op, Operands o);
  void call_external(GenericOp op, Operands o);
  bool apply_native(GenericOp op, const ExportEntry* entry, Operands o);
  bool comparison_bif(Term function, std::span<const Argument> a, const Argument& destination);
  void gc_bif(Operands o, size_t arity);
  void bif(Operands o, size_t arity);
  bool operator_bif(const ExportEntry* entry, const Argument& fail, std::span<const Argument> a,
                    const Argument& destination, const Argument& live);
  bool inline_bif(const ExportEntry* entry, const Argument& fail, std::span<const Argument> a,
                  const Argument& destination);
  void test(Op op, Operands o);
  void exact_comparison(bool equal, Operands o);
  void select_value(Operands o, Operands list);
  void select_arity(Operands o, Operands list);
  void tuple_test(Operands o);
  void map_instruction(const GenericInstruction& instruction, Operands o);
  void put_record(Operands o, Operands list);
  std::optional<std::vector<ListCell>> record_values(const RecordType& type, Operands list) const;

  Argument argument(const Operand& operand) const;
  Argument label(const Operand& operand) const;
  Term constant(const Operand& operand) const { return terms_.constant(operand); }
  size_t heap_words(const Operand& need) const;
  void clear_frame(uint32_t size);
  std::vector<ListCell> sources(Operands list) const;
  bool is_all(const Operand& operand) const;
  std::optional<Word> fixed_bits(const Operand& size, const Operand& unit) const;
  // Flags of a segment given as a list of atoms.
  Word match_flags(const Operand& operand) const;
  const GenericInstruction* following(size_t index) const;

  const BeamFile& file_;
  const GenericCode& code_;
  const ModuleTerms& terms_;
  Emitter& out_;
  std::vector<LinePoint> lines_;
  size_t skip_ = 0;  // following instructions that the current one has merged
};

}  // namespace joist
