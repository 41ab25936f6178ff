// Generic opcodes of the .beam format: the enum and the facts of the table in genops.def.
//
// Enumerators are spelled name_arity (GenericOp::call_ext_2), which no C++ keyword can meet.
#pragma once

#include <cstdint>

namespace joist {

enum class GenericOp : uint8_t {
  none = 0,  // NOLINT(readability-identifier-naming): as the others
#define JOIST_GENOP(number, name, arity, since, obsolete, signature) name##_##arity = number,
#include "vm/code/genops.def"
#undef JOIST_GENOP
};

struct GenericOpInfo {
  const char* name;
  uint8_t arity;
  uint8_t since;          // first supported OTP release that has it; 0: all
  uint8_t obsolete;       // first supported OTP release that refuses it; 0: none
  const char* signature;  // one letter per operand, see genops.def
};

// The lowest release Joist boots: an instruction obsolete there is accepted nowhere.
inline constexpr uint8_t kOldestRelease = 25;

extern const uint8_t kMaxGenericOp;

// The facts about `number`, or nullptr if there is no such opcode.
const GenericOpInfo* find_generic_op(unsigned number);

// The facts about an opcode known to exist.
const GenericOpInfo& generic_op_info(GenericOp op);

}  // namespace joist
