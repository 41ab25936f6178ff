#include "vm/code/x86_decoder.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace joist;
using Kind = X86Instruction::Kind;

namespace {

// Bytes enough behind the instruction for the decoder to read.
X86Instruction decode(std::vector<uint8_t> bytes) {
  bytes.resize(bytes.size() + 16, 0x90);
  return decode_x86(bytes.data());
}

}  // namespace

TEST_CASE("lengths of instructions are those that the assembler gives them") {
  const std::vector<std::vector<uint8_t>> instructions = {
      {0x0f, 0xb7, 0x44, 0x24, 0x08},                    // movzwl 8(%rsp),%eax
      {0x41, 0x0f, 0xb7, 0x44, 0x24, 0x08},              // movzwl 8(%r12),%eax
      {0x49, 0x8b, 0x44, 0x24, 0x10},                    // mov 16(%r12),%rax
      {0x4b, 0x8b, 0x44, 0x0e, 0xff},                    // mov -1(%r14,%r9),%rax
      {0x49, 0xc7, 0x07, 0x07, 0x02, 0x00, 0x00},        // movq $0x207,(%r15)
      {0x66, 0xc7, 0x00, 0x34, 0x12},                    // movw $0x1234,(%rax)
      {0x66, 0x81, 0xf9, 0x34, 0x12},                    // cmp $0x1234,%cx
      {0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8},              // movabs
      {0xb8, 1, 2, 3, 4},                                // mov $...,%eax
      {0xf6, 0xc3, 0x03},                                // test $3,%bl
      {0x40, 0xf6, 0xc6, 0x03},                          // test $3,%sil
      {0xf7, 0xc1, 1, 0, 0, 0},                          // test $1,%ecx
      {0x48, 0xf7, 0xe9},                                // imul %rcx
      {0x48, 0x69, 0xc1, 1, 2, 3, 4},                    // imul $...,%rcx,%rax
      {0x48, 0x6b, 0xc1, 9},                             // imul $9,%rcx,%rax
      {0x48, 0xc1, 0xe8, 0x03},                          // shr $3,%rax
      {0x66, 0x0f, 0x6e, 0xc0},                          // movd %eax,%xmm0
      {0xf2, 0x41, 0x0f, 0x58, 0x44, 0x24, 0x08},        // addsd 8(%r12),%xmm0
      {0x66, 0x0f, 0x70, 0xc0, 0x44},                    // pshufd $0x44,...
      {0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0},              // nop
      {0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0},  // nop
      {0x48, 0x8d, 0x05, 1, 2, 3, 4},                    // lea 0x4030201(%rip),%rax
      {0x48, 0x8b, 0x04, 0x25, 1, 2, 3, 4},              // mov 0x4030201,%rax
      {0xf0, 0x48, 0x0f, 0xb1, 0x0f},                    // lock cmpxchg %rcx,(%rdi)
      {0x49, 0x0f, 0xbc, 0xc0},                          // bsf %r8,%rax
      {0x48, 0x0f, 0xba, 0xe0, 0x3f},                    // bt $63,%rax
      {0x4c, 0x0f, 0x45, 0xc8},                          // cmovne %rax,%r9
      {0x41, 0x54},                                      // push %r12
      {0x48, 0x81, 0xec, 1, 2, 0, 0},                    // sub $0x201,%rsp
      {0xe9, 1, 2, 3, 4},
      {0xe8, 1, 2, 3, 4},
      {0x74, 5},
      {0xc3},
      {0x0f, 0x0b},
  };
  for (const std::vector<uint8_t>& bytes : instructions) {
    INFO("first bytes " << int{bytes[0]} << ' ' << int{bytes.size() > 1 ? bytes[1] : uint8_t{0}});
    const X86Instruction instruction = decode(bytes);
    CHECK(instruction.kind != Kind::kUnknown);
    CHECK(size_t{instruction.length} == bytes.size());
  }
}

TEST_CASE("what is not known is not guessed") {
  CHECK(decode({0xc5, 0xf8, 0x77}).kind == Kind::kUnknown);        // vzeroupper
  CHECK(decode({0x0f, 0x05}).kind == Kind::kUnknown);              // syscall
  CHECK(decode({0x0f, 0x38, 0xf0, 0x00}).kind == Kind::kUnknown);  // movbe
  CHECK(decode({0x41, 0x90}).kind == Kind::kUnknown);              // xchg %rax,%r8
  CHECK(decode({0xe3, 0x00}).kind == Kind::kUnknown);              // jrcxz
  const std::vector<std::vector<uint8_t>> refused = {
      {0xfe, 0xe0},                          // fe knows inc and dec only
      {0x41, 0xfe, 0xd4},                    //
      {0xf6, 0xc8, 0x01},                    // /1 is not documented
      {0xc1, 0xf0, 0x01},                    // neither is this /6
      {0xd3, 0xf0},                          //
      {0xc7, 0xf8, 0, 0, 0, 0},              // xbegin, a jump
      {0xc6, 0xf8, 0x01},                    // xabort
      {0x48, 0x8d, 0xc0},                    // lea of a register
      {0x66, 0xe9, 0x01, 0x02},              // 16 or 32 bits, as the processor likes
      {0x66, 0xe8, 0x01, 0x02},              //
      {0x66, 0x74, 0x05},                    //
      {0x66, 0x0f, 0x84, 0x01, 0x02},        //
      {0x66, 0xff, 0xe0},                    //
      {0x64, 0xff, 0x24, 0x25, 0, 0, 0, 0},  // jmp *%fs:0
      {0x65, 0x41, 0xff, 0x14, 0x24},        // call *%gs:(%r12)
      {0x67, 0xe8, 1, 2, 3, 4},              // addr32 call
      {0xf3, 0x48, 0x0f, 0x1e, 0xc8},        // rdsspq %rax
      {0x0f, 0xb8, 0xc0},                    // popcnt needs f3
      {0x0f, 0xba, 0xc0, 0x01},              // ba knows bt, bts, btr and btc only
      {0x0f, 0x72, 0xc0, 0x01},              //
      {0x0f, 0x01, 0xd0},                    // xgetbv
      {0x0f, 0xae, 0xf0},                    // mfence
      {0x0f, 0xa2},                          // cpuid
      {0x0f, 0xc7, 0xf0},                    // rdrand
      {0x0f, 0x3a, 0x0b, 0xc0, 0x01},        // roundsd
      {0xd9, 0xc0},                          // x87
      {0x62, 0xf1, 0x7c, 0x48, 0x10, 0x00},  // EVEX
      {0xc4, 0xe2, 0x78, 0xf2, 0xc0},        // VEX
      {0x48, 0x48, 0x89, 0xc0},              // two REX
      {0x48, 0x66, 0x89, 0xc0},              // REX that does not come last
      {0xc2, 0x08, 0x00},                    // ret $8
      {0xcd, 0x80},                          // int
      {0x9c},                                // pushf
      {0xfc},                                // cld
      {0xff, 0x28},                          // far jump
      {0xff, 0x18},                          // far call
      {0xea},                                //
  };
  for (const std::vector<uint8_t>& bytes : refused) {
    INFO("bytes " << int{bytes[0]} << ' ' << int{bytes.size() > 1 ? bytes[1] : uint8_t{0}});
    CHECK(decode(bytes).kind == Kind::kUnknown);
  }
}

TEST_CASE("moves of whole registers are told exactly") {
  X86Instruction i = decode({0x4d, 0x8b, 0x66, 0x08});  // mov 8(%r14),%r12
  CHECK(i.kind == Kind::kLoad);
  CHECK((i.reg == 12 && i.base == 14 && i.displacement == 8 && !i.indexed));
  i = decode({0x4d, 0x8b, 0x0c, 0x04});  // mov (%r12,%rax),%r9
  CHECK(i.kind == Kind::kLoad);
  CHECK((i.reg == 9 && i.base == 12 && i.indexed && i.index == 0));
  i = decode({0x4d, 0x8b, 0x24, 0xf6});  // mov (%r14,%rsi,8),%r12
  CHECK((i.indexed && i.index == X86Instruction::kNoRegister));
  i = decode({0x4d, 0x63, 0x4c, 0x24, 0x08});  // movslq 8(%r12),%r9
  CHECK((i.kind == Kind::kLoadSigned && i.reg == 9 && i.base == 12 && i.displacement == 8));
  i = decode({0x4d, 0x89, 0xe1});  // mov %r12,%r9
  CHECK((i.kind == Kind::kCopy && i.reg == 9 && i.base == 12));
  i = decode({0x49, 0x83, 0xc4, 0x18});  // add $24,%r12
  CHECK((i.kind == Kind::kAdd && i.reg == 12 && i.displacement == 24));
  i = decode({0x49, 0x83, 0xec, 0x80});  // sub $-128,%r12
  CHECK((i.kind == Kind::kAdd && i.reg == 12 && i.displacement == 128));
  i = decode({0x49, 0x01, 0xc4});  // add %rax,%r12
  CHECK((i.kind == Kind::kSum && i.reg == 12 && i.base == 0));
  i = decode({0x4d, 0x8d, 0x64, 0x24, 0x10});  // lea 16(%r12),%r12
  CHECK((i.kind == Kind::kAddress && i.reg == 12 && i.base == 12 && i.displacement == 16));
  i = decode({0x41, 0xff, 0xe1});  // jmp *%r9
  CHECK((i.kind == Kind::kIndirectJump && i.reg == 9));
  i = decode({0x45, 0x89, 0xe1});  // mov %r12d,%r9d is no copy
  CHECK((i.kind == Kind::kOther && i.writes == 1u << 9));
}

TEST_CASE("what an instruction may write is never left out") {
  CHECK(decode({0x48, 0x99}).writes == 0b101);                    // cqto
  CHECK(decode({0x48, 0xf7, 0xf9}).writes == 0b101);              // idiv %rcx
  CHECK(decode({0x48, 0x39, 0xc8}).writes == 0);                  // cmp %rcx,%rax
  CHECK(decode({0x48, 0x83, 0xf8, 0x01}).writes == 0);            // cmp $1,%rax
  CHECK(decode({0x49, 0x89, 0x04, 0x24}).writes == 0);            // mov %rax,(%r12)
  CHECK((decode({0x0f, 0x94, 0xc4}).writes & 1) != 0);            // sete %ah
  CHECK((decode({0xb4, 0x01}).writes & 1) != 0);                  // mov $1,%ah
  CHECK((decode({0x41, 0x5c}).writes & 1u << 12) != 0);           // pop %r12
  CHECK((decode({0xf3, 0x48, 0xa5}).writes & 0b11000010) != 0);   // rep movsq
  CHECK((decode({0x49, 0xc1, 0xec, 1}).writes & 1u << 12) != 0);  // shr $1,%r12
}
