// Writes threaded code: picks the handler for the kinds of the operands at hand, lays their
// fields out (vm/code/instr.h), and patches label distances once all labels are known.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "loader/control_flow.h"
#include "vm/code/instr.h"

namespace joist {

// An operand of threaded code before it is encoded.
struct Argument {
  enum class Kind : uint8_t { kX, kY, kConstant, kFloat, kLabel, kNumber };
  Kind kind = Kind::kNumber;
  Word value = 0;  // register index, the constant's word, label (0: none), or the number

  static Argument x(size_t index) { return {Kind::kX, index}; }
  static Argument y(size_t index) { return {Kind::kY, index}; }
  static Argument constant(Term term) { return {Kind::kConstant, term.bits()}; }
  static Argument float_register(size_t index) { return {Kind::kFloat, index}; }
  static Argument label(size_t label) { return {Kind::kLabel, label}; }
  static Argument number(Word number) { return {Kind::kNumber, number}; }
  static Argument address(const void* address) {
    return {Kind::kNumber, reinterpret_cast<Word>(address)};
  }

  // Fits the letter p.
  bool is_mergeable() const {
    return kind == Kind::kY || (kind == Kind::kX && value < kMachineXRegisters);
  }
  bool is_register() const { return kind == Kind::kX || kind == Kind::kY; }
  bool same(const Argument& other) const { return kind == other.kind && value == other.value; }
  // Register code of u16 fields (x_code, y_code).
  uint16_t code() const;
  // Word of an S field.
  Word source() const;
};

// A cell behind the fields of an instruction.
struct ListCell {
  Word value;
  bool is_label;  // value is a label; the cell gets its distance in bytes
  static ListCell word(Word word) { return {word, false}; }
  static ListCell source(const Argument& argument) { return {argument.source(), false}; }
  static ListCell label(size_t label) { return {label, true}; }
};

class Emitter {
 public:
  // `own` has the labels that will be defined. `counting`: each instruction is preceded by one that
  // counts it.
  Emitter(const HandlerTable& handlers, const OwnLabels& own, bool counting)
      : handlers_(handlers), counting_(counting), own_(own), labels_(own.size(), kUndefined) {}

  // One argument for each letter of the op's signature but L. Makes one instruction of this and
  // the one before where fusions.def has it, unless a label lies between them.
  void emit(Op op, std::initializer_list<Argument> arguments, std::span<const ListCell> list = {});
  void define_label(uint32_t label) {
    labels_[own_.index(label)] = position();
    latest_.fusable = false;
  }

  uint32_t position() const { return size_; }
  // Cell index of a label; define_label was called for it.
  uint32_t position_of(uint32_t label) const { return labels_[own_.index(label)]; }

  // A field that wants the distance to a label that was not defined.
  struct Outside {
    uint32_t instruction;  // cell index
    uint32_t offset;       // of the field, in bytes from the instruction
    uint32_t label;
  };
  // Fills in the distances to all labels that were defined and finds those that were not. False:
  // a list refers to such a label, or a distance is beyond 2 GiB.
  bool resolve();
  const std::vector<Outside>& outside() const { return outside_; }
  std::span<const Cell> cells() const { return {cells_.get(), size_}; }

  // Where an instruction begins that was fused since the last call, with the op that it was
  // before; position(): there is none.
  struct Fused {
    uint32_t start;
    Op first;
  };
  Fused take_fused() { return std::exchange(fused_, {position(), Op::kCount}); }

 private:
  static constexpr uint32_t kUndefined = UINT32_MAX;
  struct Fixup {
    uint32_t instruction;  // cell index
    uint32_t offset;       // of the field, in bytes from the instruction
    uint32_t label;
    bool wide;  // a whole cell instead of 32 bits
  };

  // The latest instruction, as long as it may be fused with the next one.
  struct Latest {
    bool fusable = false;
    Op op;
    uint32_t start;  // with what counts it
    size_t fixups;
    size_t count;
    Argument arguments[kMaxOperands];
  };

  void emit_in_place(Op op, std::span<const Argument> arguments, std::span<const ListCell> list);
  bool fuse(Op op, std::span<const Argument> arguments);
  void encode(Op op, std::span<const Argument> arguments, std::span<const ListCell> list);
  void put_instruction(Op op, std::span<const Argument> arguments, std::span<const ListCell> list);
  void put_field(uint32_t instruction, FieldKind kind, size_t offset, const Argument& argument);

  // Adds that many cells, which hold zeros; the first of them. Pointers to cells end here.
  Cell* add_cells(size_t count);

  const HandlerTable& handlers_;
  bool counting_;
  const OwnLabels own_;
  std::unique_ptr<Cell[]> cells_;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
  std::vector<uint32_t> labels_;  // cell index, by index of the label
  std::vector<Fixup> fixups_;
  std::vector<Outside> outside_;
  Latest latest_;
  Fused fused_ = {0, Op::kCount};
};

}  // namespace joist
