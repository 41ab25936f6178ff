// How an instruction lies in threaded code, derived from one signature per op (ops.def).
//
//   cell 0          following cells: operand fields, the narrow ones first
//   +---------+     +------+------+-----------+  +-----------------+
//   | handler |     | u16  | u16  |    u32    |  |       u64       | ...
//   +---------+     +------+------+-----------+  +-----------------+
//
// A signature has one letter per operand. Some letters stand for a choice that the loader makes
// by looking at the operand; each combination of choices has its own handler, in which a
// register operand is a machine register or one load away:
//
//   s  source: x0 x1 x2 x3 (machine registers), x, y, constant          7 choices
//   r  register to read: x0 x1 x2 x3, x, y                              6 choices
//   d  register to write: the same                                      6 choices
//   p  x0 x1 x2 x3 or y, for merged instructions                         5 choices
//   x  x0 x1 x2 x3, for the same                                         4 choices
//
// and some have one form:
//
//   y  y register (u16)                           0  x0 (no field)
//   =  the same register as the second operand (no field), in fused instructions
//   S  any source, decoded at run time (u64)      R  any register to read, likewise (u16)
//   D  any register to write (u16)                F  float register (u16)
//   c  constant term (u64)                        w  a word: address, number (u64)
//   u  unsigned (u16)                             t  unsigned (u32)
//   f  label (u32: signed distance in bytes from this instruction)
//   j  label, or 0: raise instead of jumping      L  number of cells that follow the fields (u32)
//
// Handlers decode with these functions at compile time, the loader encodes and the
// disassembler decodes with the same functions at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "vm/code/cell.h"

namespace joist {

inline constexpr size_t kMachineXRegisters = 4;
inline constexpr size_t kMaxOperands = 9;

enum class FieldKind : uint8_t {
  kX0,
  kX1,
  kX2,
  kX3,
  kX,
  kY,
  kConstant,
  kAnySource,
  kAnyRegister,
  kAnyDestination,
  kFloat,
  kWord,
  kUnsigned16,
  kUnsigned32,
  kLabel,
  kLabelOrNone,
  kList,
  kSame,
};

// Number of forms the letter offers; 0: no such letter.
constexpr size_t choice_count(char letter) {
  switch (letter) {
    case 's':
      return 7;
    case 'r':
    case 'd':
      return 6;
    case 'p':
      return 5;
    case 'x':
      return kMachineXRegisters;
    case 'y':
    case '0':
    case '=':
    case 'S':
    case 'R':
    case 'D':
    case 'F':
    case 'c':
    case 'w':
    case 'u':
    case 't':
    case 'f':
    case 'j':
    case 'L':
      return 1;
    default:
      return 0;
  }
}

constexpr FieldKind kind_of_choice(char letter, size_t choice) {
  switch (letter) {
    case 'S':
      return FieldKind::kAnySource;
    case 'R':
      return FieldKind::kAnyRegister;
    case 'D':
      return FieldKind::kAnyDestination;
    case 'F':
      return FieldKind::kFloat;
    case 'c':
      return FieldKind::kConstant;
    case 'w':
      return FieldKind::kWord;
    case 'u':
      return FieldKind::kUnsigned16;
    case 't':
      return FieldKind::kUnsigned32;
    case 'f':
      return FieldKind::kLabel;
    case 'j':
      return FieldKind::kLabelOrNone;
    case 'L':
      return FieldKind::kList;
    case 'y':
      return FieldKind::kY;
    case '0':
      return FieldKind::kX0;
    case '=':
      return FieldKind::kSame;
    case 'p':
      return choice < kMachineXRegisters ? static_cast<FieldKind>(choice) : FieldKind::kY;
    default:
      return static_cast<FieldKind>(choice);
  }
}

// Bytes of the operand's field; machine registers need none.
constexpr size_t field_bytes(FieldKind kind) {
  switch (kind) {
    case FieldKind::kX0:
    case FieldKind::kX1:
    case FieldKind::kX2:
    case FieldKind::kX3:
    case FieldKind::kSame:
      return 0;
    case FieldKind::kX:
    case FieldKind::kY:
    case FieldKind::kAnyRegister:
    case FieldKind::kAnyDestination:
    case FieldKind::kFloat:
    case FieldKind::kUnsigned16:
      return 2;
    case FieldKind::kUnsigned32:
    case FieldKind::kLabel:
    case FieldKind::kLabelOrNone:
    case FieldKind::kList:
      return 4;
    case FieldKind::kConstant:
    case FieldKind::kAnySource:
    case FieldKind::kWord:
      return 8;
  }
  return 0;
}

constexpr size_t signature_length(const char* signature) {
  size_t length = 0;
  while (signature[length] != 0) ++length;
  return length;
}

// Number of handlers of an op: the product of its operands' choices.
constexpr size_t combination_count(const char* signature) {
  size_t product = 1;
  for (; *signature != 0; ++signature) product *= choice_count(*signature);
  return product;
}

struct Layout {
  size_t count = 0;
  FieldKind kind[kMaxOperands] = {};
  uint16_t offset[kMaxOperands] = {};  // bytes from the handler cell
  size_t cells = 1;                    // handler and fields; a list's cells come behind
};

// Fills in where the fields of known kinds lie: the narrow ones first, each group aligned.
constexpr void place_fields(Layout& layout) {
  size_t narrow = 0;
  size_t half = 0;
  size_t whole = 0;
  for (size_t i = 0; i < layout.count; ++i) {
    const size_t bytes = field_bytes(layout.kind[i]);
    narrow += bytes == 2 ? 1 : 0;
    half += bytes == 4 ? 1 : 0;
    whole += bytes == 8 ? 1 : 0;
  }
  size_t next_narrow = sizeof(Cell);
  const size_t end_of_narrow = next_narrow + 2 * narrow;
  size_t next_half = (end_of_narrow + 3) / 4 * 4;
  const size_t end_of_half = half == 0 ? end_of_narrow : next_half + 4 * half;
  size_t next_whole = (end_of_half + 7) / 8 * 8;
  layout.cells = next_whole / sizeof(Cell) + whole;
  for (size_t i = 0; i < layout.count; ++i) {
    const size_t bytes = field_bytes(layout.kind[i]);
    if (bytes == 0) continue;
    size_t& next = bytes == 2 ? next_narrow : bytes == 4 ? next_half : next_whole;
    layout.offset[i] = static_cast<uint16_t>(next);
    next += bytes;
  }
}

// The layout of one combination. The last operand's choice varies fastest.
constexpr Layout layout_of(const char* signature, size_t combination) {
  Layout layout;
  layout.count = signature_length(signature);
  for (size_t i = layout.count; i-- > 0;) {
    const size_t choices = choice_count(signature[i]);
    layout.kind[i] = kind_of_choice(signature[i], combination % choices);
    combination /= choices;
  }
  place_fields(layout);
  return layout;
}

// --- register codes in u16 fields, and in the u64 field of S ---
//   x register: index * 8            y register: index * 8 | 1
// In an S field a register is the code shifted by three with 111 behind it, which no term ends
// in; everything else is the constant itself.
constexpr uint16_t x_code(size_t index) { return static_cast<uint16_t>(index * 8); }
constexpr uint16_t y_code(size_t index) { return static_cast<uint16_t>(index * 8 | 1); }
constexpr Word source_of_register(uint16_t code) { return Word{code} << 3 | 7; }
constexpr bool is_register_source(Word source) { return (source & 7) == 7; }
constexpr uint16_t register_of_source(Word source) { return static_cast<uint16_t>(source >> 3); }

enum class Op : uint16_t {
#define JOIST_OP(group, name, signature, effect) name,
#include "vm/code/ops.def"
#undef JOIST_OP
  kCount
};
inline constexpr size_t kOpCount = static_cast<size_t>(Op::kCount);

// Neighbours that run as one: fusions.def.
struct Fusion {
  Op first;
  Op second;
  Op fused;
};
inline constexpr Fusion kFusions[] = {
#define JOIST_FUSION(first, second, fused) {Op::first, Op::second, Op::fused},
#include "vm/code/fusions.def"
#undef JOIST_FUSION
};

struct OpInfo {
  const char* name;
  const char* signature;
  const char* effect;
};
inline constexpr OpInfo kOpInfo[] = {
#define JOIST_OP(group, name, signature, effect) {#name, signature, effect},
#include "vm/code/ops.def"
#undef JOIST_OP
};
constexpr const OpInfo& op_info(Op op) { return kOpInfo[static_cast<size_t>(op)]; }

// The handlers of the interpreter, as the loader needs them: for each op an array with one
// address for each combination. Made by vm/exec, handed to the loader by the engine.
struct HandlerTable {
  const Cell* handlers[kOpCount];
};

}  // namespace joist
