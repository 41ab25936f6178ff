#include "vm/code/x86_decoder.h"

#include <cstring>

namespace joist {
namespace {

using Kind = X86Instruction::Kind;

constexpr uint8_t kNone = X86Instruction::kNoRegister;
constexpr unsigned kRax = 0;
constexpr unsigned kRcx = 1;
constexpr unsigned kRdx = 2;
constexpr unsigned kRsp = 4;
constexpr unsigned kRsi = 6;
constexpr unsigned kRdi = 7;
constexpr uint16_t bit(unsigned reg) { return static_cast<uint16_t>(1u << reg); }

class Decoder {
 public:
  explicit Decoder(const uint8_t* code) : start_(code), at_(code) {}

  X86Instruction run() {
    prefixes();
    const uint8_t opcode = *at_++;
    const bool known = opcode == 0x0f ? long_opcode() : short_opcode(opcode);
    // Without a prefix, byte registers 4 to 7 are the upper halves of the first four.
    const bool is_stack_push = opcode >= 0x50 && opcode <= 0x5f;
    if (rex_ == 0 && !is_stack_push) out_.writes |= out_.writes >> 4 & 15;
    if (!known || length() > 15) return {};
    out_.length = static_cast<uint8_t>(length());
    if (has_target_) out_.target = reinterpret_cast<uintptr_t>(at_) + static_cast<Word>(distance_);
    return out_;
  }

 private:
  using Word = uintptr_t;

  size_t length() const { return static_cast<size_t>(at_ - start_); }

  void prefixes() {
    while (true) {
      const uint8_t byte = *at_;
      if (byte == 0x66) wide16_ = true;
      if (byte == 0x64 || byte == 0x65) segment_ = true;
      if (byte == 0xf3) repeats_ = true;
      const bool is_prefix = byte == 0x66 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e ||
                             byte == 0x3e || byte == 0x64 || byte == 0x65 || byte == 0xf0;
      if (!is_prefix) break;
      plain_ = false;
      ++at_;
    }
    if ((*at_ & 0xf0) == 0x40) rex_ = *at_++;
  }
  bool rex_w() const { return (rex_ & 8) != 0; }
  // Behind 66, what a jump or call does differs between processors; behind a segment's prefix it
  // goes to what lies in that segment.
  bool jumps_plainly() const { return !(wide16_ && !rex_w()) && !segment_; }

  int32_t signed_at(const uint8_t* place) const {
    int32_t value;
    std::memcpy(&value, place, sizeof value);
    return value;
  }
  void relative8() {
    distance_ = static_cast<int8_t>(*at_++);
    has_target_ = true;
  }
  void relative32() {
    distance_ = signed_at(at_);
    at_ += 4;
    has_target_ = true;
  }
  // An immediate of the operand's size, at most 32 bits.
  void immediate() {
    if (wide16_ && !rex_w()) {
      at_ += 2;
    } else {
      out_.displacement = signed_at(at_);
      at_ += 4;
    }
  }
  void immediate8() { out_.displacement = static_cast<int8_t>(*at_++); }

  // Reads modrm, sib and displacement.
  void operands() {
    const uint8_t modrm = *at_++;
    mod_ = modrm >> 6;
    reg_ = static_cast<uint8_t>((modrm >> 3 & 7) | (rex_ & 4) << 1);
    extension_ = modrm >> 3 & 7;
    const uint8_t low = modrm & 7;
    rm_ = static_cast<uint8_t>(low | (rex_ & 1) << 3);
    if (mod_ == 3) return;
    base_ = rm_;
    bool absolute = false;
    if (low == 4) {
      const uint8_t sib = *at_++;
      const bool has_index = (sib >> 3 & 7) != 4 || (rex_ & 2) != 0;
      out_.indexed = has_index;
      if (has_index && sib >> 6 == 0) {
        out_.index = static_cast<uint8_t>((sib >> 3 & 7) | (rex_ & 2) << 2);
      }
      base_ = static_cast<uint8_t>((sib & 7) | (rex_ & 1) << 3);
      absolute = mod_ == 0 && (sib & 7) == 5;
      if (absolute) base_ = kNone;
    } else if (mod_ == 0 && low == 5) {
      out_.relative_offset = static_cast<uint8_t>(length());
      base_ = kNone;
      absolute = true;
    }
    if (mod_ == 1) {
      memory_displacement_ = static_cast<int8_t>(*at_++);
    } else if (mod_ == 2 || absolute) {
      memory_displacement_ = signed_at(at_);
      at_ += 4;
    }
  }
  bool in_memory() const { return mod_ != 3; }
  void writes_rm() {
    if (!in_memory()) out_.writes |= bit(rm_);
  }

  bool other() {
    out_.kind = Kind::kOther;
    return true;
  }

  // A 64-bit instruction in its plain form, of which the effect is told exactly.
  bool exact() const { return rex_w() && plain_; }
  bool set_exact(Kind kind, uint8_t reg, uint8_t base, int32_t displacement) {
    out_.kind = kind;
    out_.reg = reg;
    out_.base = base;
    out_.displacement = displacement;
    out_.writes = bit(reg);
    return true;
  }

  bool short_opcode(uint8_t opcode);
  bool arithmetic(uint8_t opcode);
  bool immediate_arithmetic(uint8_t opcode);
  bool unary(uint8_t opcode);
  bool indirect(uint8_t opcode);
  bool long_opcode();

  const uint8_t* start_;
  const uint8_t* at_;
  X86Instruction out_;
  uint8_t rex_ = 0;
  uint8_t mod_ = 3;
  uint8_t reg_ = 0;
  uint8_t extension_ = 0;
  uint8_t rm_ = 0;
  uint8_t base_ = kNone;
  int32_t memory_displacement_ = 0;
  int32_t distance_ = 0;
  bool has_target_ = false;
  bool wide16_ = false;
  bool segment_ = false;  // fs or gs
  bool repeats_ = false;  // f3
  bool plain_ = true;     // without any prefix but REX
};

// add, or, adc, sbb, and, sub, xor, cmp in their first six forms.
bool Decoder::arithmetic(uint8_t opcode) {
  const bool compares = opcode >= 0x38;
  const uint8_t form = opcode & 7;
  if (form == 4) {
    immediate8();
    out_.writes = bit(kRax);
  } else if (form == 5) {
    immediate();
    out_.writes = bit(kRax);
  } else if (form < 4) {
    operands();
    if (exact() && opcode == 0x01 && !in_memory()) return set_exact(Kind::kSum, rm_, reg_, 0);
    if (exact() && opcode == 0x03 && !in_memory()) return set_exact(Kind::kSum, reg_, rm_, 0);
    if (form < 2) {
      writes_rm();
    } else {
      out_.writes = bit(reg_);
    }
  } else {
    return false;
  }
  if (compares) out_.writes = 0;
  return other();
}

bool Decoder::immediate_arithmetic(uint8_t opcode) {
  operands();
  if (opcode == 0x81) {
    immediate();
  } else {
    immediate8();
  }
  if (exact() && !in_memory() && opcode != 0x80 && (extension_ == 0 || extension_ == 5)) {
    const int32_t value = out_.displacement;
    if (value == INT32_MIN) return false;
    return set_exact(Kind::kAdd, rm_, kNone, extension_ == 0 ? value : -value);
  }
  if (extension_ != 7) writes_rm();
  return other();
}

// test, not, neg, mul, imul, div, idiv
bool Decoder::unary(uint8_t opcode) {
  operands();
  if (extension_ == 1) return false;
  if (extension_ == 0) {
    if (opcode == 0xf6) {
      immediate8();
    } else {
      immediate();
    }
  } else if (extension_ < 4) {
    writes_rm();
  } else {
    out_.writes = bit(kRax) | bit(kRdx);
  }
  return other();
}

bool Decoder::indirect(uint8_t opcode) {
  operands();
  if (extension_ < 2) {
    writes_rm();
    return other();
  }
  if (opcode == 0xfe) return false;
  if (extension_ == 2) {
    out_.kind = Kind::kCall;
    return jumps_plainly();
  }
  if (extension_ == 4) {
    if (!jumps_plainly()) return false;
    out_.kind = Kind::kIndirectJump;
    out_.reg = in_memory() ? kNone : rm_;
    out_.base = in_memory() ? base_ : kNone;
    out_.displacement = memory_displacement_;
    return true;
  }
  out_.writes = bit(kRsp);
  return extension_ == 6 && other();
}

bool Decoder::short_opcode(uint8_t opcode) {
  if (opcode < 0x40) return arithmetic(opcode);
  if (opcode >= 0x70 && opcode <= 0x7f) {
    relative8();
    out_.kind = Kind::kBranch;
    out_.condition = opcode & 15;
    return jumps_plainly();
  }
  if (opcode >= 0x50 && opcode <= 0x5f) {
    out_.writes = bit(kRsp);
    if (opcode >= 0x58) out_.writes |= bit((opcode & 7u) | (rex_ & 1u) << 3);
    return other();
  }
  if (opcode >= 0xb0 && opcode <= 0xbf) {
    out_.writes = bit((opcode & 7u) | (rex_ & 1u) << 3);
    at_ += opcode < 0xb8 ? 1 : rex_w() ? 8 : wide16_ ? 2 : 4;
    return other();
  }
  if (opcode >= 0x91 && opcode <= 0x97) {
    out_.writes = static_cast<uint16_t>(bit(kRax) | bit((opcode & 7u) | (rex_ & 1u) << 3));
    return other();
  }
  switch (opcode) {
    case 0x63:
      operands();
      if (exact() && in_memory() && base_ != kNone) {
        return set_exact(Kind::kLoadSigned, reg_, base_, memory_displacement_);
      }
      out_.writes = bit(reg_);
      return other();
    case 0x69:
    case 0x6b:
      operands();
      if (opcode == 0x69) {
        immediate();
      } else {
        immediate8();
      }
      out_.writes = bit(reg_);
      return other();
    case 0x80:
    case 0x81:
    case 0x83:
      return immediate_arithmetic(opcode);
    case 0x84:
    case 0x85:
      operands();
      return other();
    case 0x86:
    case 0x87:
      operands();
      out_.writes = bit(reg_);
      writes_rm();
      return other();
    case 0x88:
    case 0x89:
      operands();
      if (exact() && opcode == 0x89 && !in_memory()) return set_exact(Kind::kCopy, rm_, reg_, 0);
      writes_rm();
      return other();
    case 0x8a:
    case 0x8b:
      operands();
      if (exact() && opcode == 0x8b) {
        if (!in_memory()) return set_exact(Kind::kCopy, reg_, rm_, 0);
        if (base_ != kNone) return set_exact(Kind::kLoad, reg_, base_, memory_displacement_);
      }
      out_.writes = bit(reg_);
      return other();
    case 0x8d:
      operands();
      if (!in_memory()) return false;
      if (exact() && base_ != kNone) {
        return set_exact(Kind::kAddress, reg_, base_, memory_displacement_);
      }
      out_.writes = bit(reg_);
      return other();
    case 0x90:
      return (rex_ & 1) == 0 && other();
    case 0x98:
    case 0x99:
      out_.writes = bit(kRax) | bit(kRdx);
      return other();
    case 0xa4:
    case 0xa5:
    case 0xaa:
    case 0xab:
      out_.writes = bit(kRsi) | bit(kRdi) | bit(kRcx);
      return other();
    case 0xa8:
      immediate8();
      return other();
    case 0xa9:
      immediate();
      return other();
    case 0xc0:
    case 0xc1:
      operands();
      immediate8();
      writes_rm();
      return extension_ != 6 && other();
    case 0xc6:
    case 0xc7:
      operands();
      if (opcode == 0xc6) {
        immediate8();
      } else {
        immediate();
      }
      writes_rm();
      return extension_ == 0 && other();  // others begin or abort transactions
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      operands();
      writes_rm();
      return extension_ != 6 && other();
    case 0xc3:
    case 0xcc:
      out_.kind = Kind::kEnd;
      return true;
    case 0xe8:
      relative32();
      out_.kind = Kind::kCall;
      return jumps_plainly();
    case 0xe9:
    case 0xeb:
      if (opcode == 0xe9) {
        relative32();
      } else {
        relative8();
      }
      out_.kind = Kind::kJump;
      return jumps_plainly();
    case 0xf6:
    case 0xf7:
      return unary(opcode);
    case 0xfe:
    case 0xff:
      return indirect(opcode);
    default:
      return false;
  }
}

// Opcodes behind 0f. SSE names its registers in the same fields: that too many general registers
// count as written does no harm.
bool Decoder::long_opcode() {
  const uint8_t opcode = *at_++;
  if (opcode >= 0x80 && opcode <= 0x8f) {
    relative32();
    out_.kind = Kind::kBranch;
    out_.condition = opcode & 15;
    return jumps_plainly();
  }
  if (opcode == 0x0b) {
    out_.kind = Kind::kEnd;
    return true;
  }
  if (opcode >= 0xc8 && opcode <= 0xcf) {
    out_.writes = bit((opcode & 7u) | (rex_ & 1u) << 3);
    return other();
  }
  const bool is_set = opcode >= 0x90 && opcode <= 0x9f;
  const bool is_known =
      (opcode >= 0x10 && opcode <= 0x18) || opcode == 0x1e || opcode == 0x1f ||
      (opcode >= 0x28 && opcode <= 0x2f) || (opcode >= 0x40 && opcode <= 0x76) ||
      (opcode >= 0x7c && opcode <= 0x7f) || is_set || opcode == 0xa3 || opcode == 0xab ||
      opcode == 0xb3 || opcode == 0xbb || opcode == 0xa4 || opcode == 0xa5 || opcode == 0xac ||
      opcode == 0xad || opcode == 0xaf || opcode == 0xb0 || opcode == 0xb1 || opcode == 0xb6 ||
      opcode == 0xb7 || (opcode == 0xb8 && repeats_) || opcode == 0xba ||
      (opcode >= 0xbc && opcode <= 0xbf) || opcode == 0xc0 || opcode == 0xc1 || opcode == 0xc2 ||
      (opcode >= 0xc3 && opcode <= 0xc6) || (opcode >= 0xd0 && opcode <= 0xfe);
  if (!is_known) return false;
  const bool is_landing = repeats_ && *at_ == 0xfa;  // endbr64, which is a hint
  if (opcode == 0x1e && !is_landing) return false;
  operands();
  if (opcode == 0xba && extension_ < 4) return false;
  if (opcode >= 0x71 && opcode <= 0x73 && (in_memory() || extension_ < 2)) return false;
  const bool has_immediate = (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xa4 ||
                             opcode == 0xac || opcode == 0xba || opcode == 0xc2 ||
                             (opcode >= 0xc4 && opcode <= 0xc6);
  if (has_immediate) immediate8();
  if (opcode == 0xb0 || opcode == 0xb1) out_.writes |= bit(kRax);
  const bool is_hint = opcode == 0x18 || opcode == 0x1e || opcode == 0x1f;
  if (!is_hint) {
    if (!is_set) out_.writes |= bit(reg_);
    writes_rm();
  }
  return other();
}

}  // namespace

X86Instruction decode_x86(const uint8_t* code) { return Decoder(code).run(); }

}  // namespace joist
