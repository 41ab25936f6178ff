// Generic opcodes of the .beam format: the enum and the facts of the table in genops.def.
//
// Enumerators are spelled name_arity (GenericOp::call_ext_2), which no C++ keyword can meet.
#pragma once

#include <cstdint>

#include "vm/base/check.h"

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
  // What the signature says, by operand position: bits of those that are read and that are
  // written (lists: some of their items), the live count and the heap need (kNoOperand: none).
  uint8_t reads;
  uint8_t writes;
  uint8_t live;
  uint8_t heap;
  bool may_fail;  // to the label that is its first operand, or by raising
};

inline constexpr uint8_t kNoOperand = UINT8_MAX;

// The lowest release Joist boots: an instruction obsolete there is accepted nowhere.
inline constexpr uint8_t kOldestRelease = 25;

inline constexpr uint8_t kGenericOpCount = 1  // none
#define JOIST_GENOP(number, name, arity, since, obsolete, signature) +1
#include "vm/code/genops.def"
#undef JOIST_GENOP
    ;
inline constexpr uint8_t kMaxGenericOp = kGenericOpCount - 1;

// By opcode.
extern const GenericOpInfo kGenericOps[kGenericOpCount];

// The facts about `number`, or nullptr if there is no such opcode.
inline const GenericOpInfo* find_generic_op(unsigned number) {
  return number == 0 || number >= kGenericOpCount ? nullptr : &kGenericOps[number];
}

// The facts about an opcode known to exist.
inline const GenericOpInfo& generic_op_info(GenericOp op) {
  const auto number = static_cast<unsigned>(op);
  JOIST_CHECK(number != 0 && number < kGenericOpCount);
  return kGenericOps[number];
}

}  // namespace joist
