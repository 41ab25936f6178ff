// Generic code in memory: what parse_beam() makes of a Code chunk, what verify() checks, what
// transform() rewrites and the back end specialises. No terms: atoms, literals, imports and
// lambdas are indices into the tables of a BeamFile.
//
//   instructions           operands
//   +--------------------+
//   | move_2     first=7 |-----> 7: {kX 0, type 3}  8: {kY 1}
//   | select_val first=9 |-----> 9: {kX 1} 10: {kLabel 4} 11: {kList 4} 12..15: its items
//   +--------------------+
//
// A list is stored inline behind its kList operand and is always the last operand, so `count`
// of an instruction is its fixed operands plus the items of its list.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

#include "vm/base/bytes.h"
#include "vm/base/check.h"
#include "vm/code/genops.h"

namespace joist {

enum class OperandKind : uint8_t {
  kUnsigned,       // number(): no term, but an arity, size, index, flags or such
  kInteger,        // value: an Erlang integer that fits in 64 bits
  kBigInteger,     // value: index into GenericCode::big_integers
  kNil,            // []
  kAtom,           // value: index into BeamFile::atoms, never 0
  kX,              // value: register number; `type` may be set
  kY,              // value: register number; `type` may be set
  kFloatRegister,  // value: register number
  kLabel,          // value: label number, never 0
  kNoLabel,        // the label 0: fail by raising
  kLiteral,        // value: index into BeamFile::literals
  kList,           // value: number of items, which follow
  kAllocation,     // value: index into GenericCode::allocations
  kOverflow,       // an unsigned number above 64 bits: larger than anything that can exist
};

inline constexpr uint32_t kNoType = UINT32_MAX;

struct Operand {
  OperandKind kind;
  uint32_t type = kNoType;  // index into BeamFile::types, for kX and kY
  int64_t value = 0;

  bool is_register() const { return kind == OperandKind::kX || kind == OperandKind::kY; }
  bool is(OperandKind other, int64_t other_value) const {
    return kind == other && value == other_value;
  }
  // The same place or constant; the type hint may differ.
  bool same(const Operand& other) const { return kind == other.kind && value == other.value; }
  uint64_t number() const { return static_cast<uint64_t>(value); }
  uint32_t index() const { return static_cast<uint32_t>(value); }
};
static_assert(sizeof(Operand) == 16);

// Operands one behind the other. Not a std::vector, because reading writes several into room that
// was made once for them all.
class OperandList {
 public:
  OperandList() = default;
  OperandList(const OperandList& other) { append(other); }
  OperandList(OperandList&& other) noexcept { swap(other); }
  OperandList& operator=(OperandList other) noexcept {
    swap(other);
    return *this;
  }
  ~OperandList() { std::free(first_); }

  size_t size() const { return static_cast<size_t>(end_ - first_); }
  Operand* begin() { return first_; }
  Operand* end() { return end_; }
  const Operand* begin() const { return first_; }
  const Operand* end() const { return end_; }
  Operand& operator[](size_t index) { return first_[index]; }
  const Operand& operator[](size_t index) const { return first_[index]; }

  void reserve(size_t count) {
    if (count > capacity()) grow(count);
  }
  // Room for so many behind the end; they belong to the list once it ends behind them.
  Operand* room_for(size_t count) {
    if (static_cast<size_t>(limit_ - end_) < count) grow(std::max(size() + count, 2 * capacity()));
    return end_;
  }
  void end_at(Operand* end) { end_ = end; }
  void push_back(Operand operand) {
    *room_for(1) = operand;
    ++end_;
  }
  void append(std::span<const Operand> operands) {
    std::copy(operands.begin(), operands.end(), room_for(operands.size()));
    end_ += operands.size();
  }
  void shrink(size_t size) { end_ = first_ + size; }
  void clear() { end_ = first_; }

 private:
  size_t capacity() const { return static_cast<size_t>(limit_ - first_); }
  void grow(size_t capacity) {
    const size_t used = size();
    void* memory = std::realloc(first_, capacity * sizeof(Operand));
    if (memory == nullptr) fatal("out of memory: %zu operands", capacity);
    first_ = static_cast<Operand*>(memory);
    end_ = first_ + used;
    limit_ = first_ + capacity;
  }
  void swap(OperandList& other) {
    std::swap(first_, other.first_);
    std::swap(end_, other.end_);
    std::swap(limit_, other.limit_);
  }

  Operand* first_ = nullptr;
  Operand* end_ = nullptr;
  Operand* limit_ = nullptr;
};

struct GenericInstruction {
  GenericOp op;
  uint32_t first;     // of its operands, in GenericCode::operands
  uint32_t count;     // of its operands, list items included
  uint32_t line = 0;  // index into BeamFile::lines of the position in force; 0: undefined.
                      // Set by transform(), which drops the line instructions.
};
static_assert(sizeof(GenericInstruction) == 16);

// No instruction may ask for more words, floats or funs than this.
inline constexpr uint32_t kMaxHeapNeed = 1u << 27;

// Heap space asked for by kind, because floats and funs may need fewer words here than in ERTS.
struct Allocation {
  uint32_t words = 0;
  uint32_t floats = 0;
  uint32_t funs = 0;
};

// A function is the instructions [begin, end): label info_label, perhaps line, func_info, label
// entry_label (at `entry`), body.
struct GenericFunction {
  uint32_t name;  // index into BeamFile::atoms
  uint32_t arity;
  uint32_t info_label;
  uint32_t entry_label;
  uint32_t begin;
  uint32_t entry;
  uint32_t end;
  // An exception may meet uninitialised y registers, so every allocate has to clear its frame.
  // transform() makes them allocate_zero and allocate_heap_zero.
  bool clear_frames = false;
};

// An x register to be set to [] before an instruction (for a label: where control runs into it).
struct ClearX {
  uint32_t instruction;
  uint32_t x;
};

inline constexpr uint32_t kNoFunction = UINT32_MAX;

struct GenericCode {
  std::vector<GenericInstruction> instructions;
  OperandList operands;
  std::vector<Allocation> allocations;
  std::vector<int64_t> wide_integers;  // those among the operands that fit no small, in order
  std::vector<ByteSpan> big_integers;  // big-endian two's complement, more than 8 bytes
  // Number of the first of them, if the code is a part of a module's.
  uint32_t first_big_integer = 0;
  std::vector<GenericFunction> functions;
  // x registers that are empty on a branch which the compiler knew is never taken. Found by
  // verify(); transform() adds the moves.
  std::vector<ClearX> clear_x;
  // Label instructions that no path reaches, so that the code behind them was not checked;
  // transform() puts an error there.
  std::vector<uint32_t> dead_labels;
  uint32_t on_load = kNoFunction;  // index of the function marked by the on_load instruction

  void clear() {
    instructions.clear();
    operands.clear();
    allocations.clear();
    wide_integers.clear();
    big_integers.clear();
    functions.clear();
    clear_x.clear();
    dead_labels.clear();
  }

  std::span<const Operand> operands_of(const GenericInstruction& instruction) const {
    return std::span(operands).subspan(instruction.first, instruction.count);
  }
  const Operand& operand(const GenericInstruction& instruction, uint32_t position) const {
    JOIST_ASSERT(position < instruction.count);
    return operands[instruction.first + position];
  }
  // The items of the list that is the last fixed operand of `instruction`.
  std::span<const Operand> list_of(const GenericInstruction& instruction) const {
    const uint32_t fixed = generic_op_info(instruction.op).arity;
    JOIST_ASSERT(operand(instruction, fixed - 1).kind == OperandKind::kList);
    return operands_of(instruction).subspan(fixed);
  }
  // Heap need of an operand that is either a plain number of words or an allocation list.
  Allocation allocation(const Operand& need) const {
    if (need.kind == OperandKind::kAllocation) return allocations[need.index()];
    return Allocation{need.index(), 0, 0};
  }
};

}  // namespace joist
