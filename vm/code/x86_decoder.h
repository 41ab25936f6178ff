// Reads machine code of the interpreter's own handlers: how long an instruction is, where it jumps
// to, and what it does to the registers, as far as vm/code/handler_body.h wants to know. What it
// does not know it says so; nothing here executes anything.
#pragma once

#include <cstddef>
#include <cstdint>

namespace joist {

struct X86Instruction {
  enum class Kind : uint8_t {
    kUnknown,       // not understood: nothing else is set
    kOther,         // see `writes`
    kJump,          // to `target`
    kBranch,        // to `target`, or on
    kIndirectJump,  // to the address in `reg`, or in memory at base + displacement
    kCall,          // and back
    kEnd,           // return or trap: nothing runs on behind it
    kLoad,          // reg := the word at base + displacement
    kLoadSigned,    // reg := the 32 bits there, signed
    kCopy,          // reg := base
    kAddress,       // reg := base + displacement
    kAdd,           // reg += displacement
    kSum,           // reg += base
  };
  static constexpr uint8_t kNoRegister = 0xff;

  Kind kind = Kind::kUnknown;
  uint8_t length = 0;
  uint8_t reg = kNoRegister;
  uint8_t base = kNoRegister;
  bool indexed = false;         // another register is added to base, too:
  uint8_t index = kNoRegister;  // this one; kNoRegister: a multiple of one
  uint8_t condition = 0;        // of kBranch
  uint8_t relative_offset = 0;  // where a 32-bit distance from the end of the instruction lies
                                // that is no jump's; 0: there is none
  uint16_t writes = 0;          // the general registers that may change, a bit each
  int32_t displacement = 0;
  uintptr_t target = 0;
};

// The instruction at that address, of which all bytes can be read.
X86Instruction decode_x86(const uint8_t* code);

}  // namespace joist
