#include "vm/code/handler_body.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "vm/code/x86_decoder.h"

namespace joist {

// Not on other machines. Not under sanitizers, which add to handlers what counts on the stack of
// the machine and know nothing of code that is made. Not where returns and landings are checked by
// the processor (-fcf-protection): copies have neither. Without optimisation, handlers end in
// nothing that is recognised, and CodeSplicer::enable() fails.
#if defined(__x86_64__) && !defined(__CET__) && !__has_feature(address_sanitizer) && \
    !__has_feature(thread_sanitizer) && !__has_feature(memory_sanitizer)

namespace {

using Kind = X86Instruction::Kind;
using Piece = HandlerBody::Piece;

// What is known of a register: nothing but that it is the value number `offset`, or the word that
// such a value points to; pc + offset, or the word there; the label field there, the
// instruction that it leads to, or the handler of that; that it points into the process' stack, to
// the code that a word there names, or to the handler of that.
struct Known {
  enum class What : uint8_t {
    kValue,
    kWordOfValue,
    kPc,
    kWord,
    kLabel,
    kTarget,
    kTargetHandler,
    kStack,
    kReturn,
    kReturnHandler
  };
  What what = What::kValue;
  int32_t offset = 0;
  bool operator==(const Known&) const = default;
};

// A value that is to get a number.
constexpr int32_t kNoNumber = -1;

// The sum of two registers.
Known sum(const Known& a, const Known& b) {
  const bool is_target =
      a.what == Known::What::kPc && a.offset == 0 && b.what == Known::What::kLabel;
  if (is_target) return {Known::What::kTarget, b.offset};
  return a.what == Known::What::kStack ? a : Known{Known::What::kValue, kNoNumber};
}
// base + offset
Known moved(const Known& base, int32_t offset) {
  switch (base.what) {
    case Known::What::kPc:
      return {Known::What::kPc, base.offset + offset};
    case Known::What::kStack:
    case Known::What::kReturn:
      return base;
    case Known::What::kTarget:
      return offset == 0 ? base : Known{Known::What::kValue, kNoNumber};
    default:
      return {Known::What::kValue, kNoNumber};
  }
}
// The word at base + offset, or the signed 32 bits there.
Known loaded(const Known& base, int32_t offset, bool narrow) {
  constexpr Known kNew = {Known::What::kValue, kNoNumber};
  if (base.what == Known::What::kPc) {
    return {narrow ? Known::What::kLabel : Known::What::kWord, base.offset + offset};
  }
  if (narrow) return kNew;
  switch (base.what) {
    case Known::What::kStack:
      return {Known::What::kReturn};
    case Known::What::kReturn:
      return {Known::What::kReturnHandler};
    case Known::What::kTarget:
      return offset == 0 ? Known{Known::What::kTargetHandler, base.offset} : kNew;
    case Known::What::kValue:
      return offset == 0 && base.offset != kNoNumber ? Known{Known::What::kWordOfValue, base.offset}
                                                     : kNew;
    default:
      return kNew;
  }
}

constexpr size_t kRegisters = 16;
constexpr size_t kPcRegister = 12;     // the first parameter of preserve_none
constexpr size_t kStackRegister = 14;  // the third
// pc, and the registers that hold nothing between two handlers: rax, rbx, r9 to r11.
constexpr unsigned kScratch = 0x1e09;
constexpr unsigned kKeptByCalls = 0xf028;  // rbx, rbp, r12 to r15

struct Knowledge {
  Known registers[kRegisters];
  bool reachable = false;

  // `values` counts what was numbered so far.
  void meet(const Knowledge& other, int32_t& values) {
    if (!reachable) {
      *this = other;
      return;
    }
    for (size_t i = 0; i < kRegisters; ++i) {
      if (!(registers[i] == other.registers[i])) forget(i, values);
    }
  }
  void apply(const X86Instruction& instruction, int32_t& values);
  void forget(size_t i, int32_t& values) { registers[i] = {Known::What::kValue, ++values}; }

  // What the jump goes to.
  Known target_of(const X86Instruction& jump) const {
    if (jump.reg < kRegisters) return registers[jump.reg];
    const bool is_plain = jump.base < kRegisters && !jump.indexed && jump.displacement == 0;
    return is_plain ? loaded(registers[jump.base], 0, false)
                    : Known{Known::What::kValue, kNoNumber};
  }
  // Whether the jump goes to the handler of the instruction at pc, whichever that is now: so ends
  // a handler. Others are jumps inside of one.
  bool is_any_dispatch(const X86Instruction& jump) const {
    const Known handler = target_of(jump);
    const Known& pc = registers[kPcRegister];
    const bool is_value = pc.what == Known::What::kValue &&
                          handler.what == Known::What::kWordOfValue && handler.offset == pc.offset;
    return is_value || is_return(jump) || label_of(jump) != 0 || is_dispatch(jump);
  }
  bool is_return(const X86Instruction& jump) const {
    return jump.reg < kRegisters && registers[jump.reg].what == Known::What::kReturnHandler;
  }
  // The offset of the label whose instruction the jump leads to; 0: it does not.
  uint8_t label_of(const X86Instruction& jump) const {
    const Known& pc = registers[kPcRegister];
    const Known handler = target_of(jump);
    const bool does = pc.what == Known::What::kTarget &&
                      handler.what == Known::What::kTargetHandler && handler.offset == pc.offset;
    return does && pc.offset > 0 && pc.offset <= UINT8_MAX ? static_cast<uint8_t>(pc.offset)
                                                           : uint8_t{0};
  }
  // Whether the jump goes to the handler of the next instruction, at a distance of its own.
  bool is_dispatch(const X86Instruction& jump) const {
    const Known& pc = registers[kPcRegister];
    const Known handler = target_of(jump);
    if (pc.what != Known::What::kPc || pc.offset <= 0) return false;
    return handler.what == Known::What::kWord && handler.offset == pc.offset;
  }
};

void Knowledge::apply(const X86Instruction& instruction, int32_t& values) {
  if (instruction.kind == Kind::kCall) {
    // Handlers are only ever called by tail calls: what is called keeps to the system's rules.
    for (size_t i = 0; i < kRegisters; ++i) {
      if ((kKeptByCalls >> i & 1) == 0) forget(i, values);
    }
    return;
  }
  Known result = {Known::What::kValue, kNoNumber};
  Known base = instruction.base < kRegisters ? registers[instruction.base] : result;
  if (instruction.indexed) {
    base = sum(base, instruction.index < kRegisters ? registers[instruction.index] : result);
  }
  switch (instruction.kind) {
    case Kind::kCopy:
      result = base;
      break;
    case Kind::kLoad:
    case Kind::kLoadSigned:
      result = loaded(base, instruction.displacement, instruction.kind == Kind::kLoadSigned);
      break;
    case Kind::kAddress:
      result = moved(base, instruction.displacement);
      break;
    case Kind::kAdd:
      result = moved(registers[instruction.reg], instruction.displacement);
      break;
    case Kind::kSum:
      result = sum(registers[instruction.reg], base);
      if (result.what == Known::What::kValue) result = sum(base, registers[instruction.reg]);
      break;
    default:
      break;
  }
  const bool is_value = result.what == Known::What::kValue && result.offset == kNoNumber;
  for (size_t i = 0; i < kRegisters; ++i) {
    if ((instruction.writes >> i & 1) == 0) continue;
    if (i == instruction.reg && !is_value) {
      registers[i] = result;
    } else {
      forget(i, values);
    }
  }
}

// Reads forwards only. Where code is reached from is known by then, but for the starts of loops:
// these are found first, and what a loop writes is not known at its start.
class BodyReader {
 public:
  explicit BodyReader(const uint8_t* handler) : handler_(handler), at_(handler) {
    now_.reachable = true;
    for (size_t i = 0; i < kRegisters; ++i) now_.forget(i, values_);
    now_.registers[kPcRegister] = {Known::What::kPc};
    now_.registers[kStackRegister] = {Known::What::kStack};
  }

  HandlerBody run() {
    const auto end = reinterpret_cast<uintptr_t>(handler_) + kLongestBody;
    find_loops(end);
    while (reinterpret_cast<uintptr_t>(at_) < end) {
      const auto known = arriving_.find(reinterpret_cast<uintptr_t>(at_));
      if (known != arriving_.end()) now_.meet(known->second, values_);
      forget_what_loop_writes();
      const X86Instruction instruction = decode_x86(at_);
      if (instruction.kind == Kind::kUnknown) break;
      if (now_.reachable && take(instruction)) return std::move(body_);
      at_ += instruction.length;
      // The end of the handler: nothing leads further.
      const auto ahead = arriving_.lower_bound(reinterpret_cast<uintptr_t>(at_));
      if (!now_.reachable && (ahead == arriving_.end() || ahead->first >= end)) break;
    }
    return std::move(first_);
  }

 private:
  static constexpr ptrdiff_t kLongestBody = 400;

  // What is read behind the handler's end does no harm, as nothing there leads into it.
  void find_loops(uintptr_t end) {
    const auto start = reinterpret_cast<uintptr_t>(handler_);
    std::map<uintptr_t, uintptr_t> ends;  // of loops, by their starts
    for (const uint8_t* at = handler_; reinterpret_cast<uintptr_t>(at) < end;) {
      const X86Instruction instruction = decode_x86(at);
      if (instruction.kind == Kind::kUnknown) break;
      const bool leads = instruction.kind == Kind::kJump || instruction.kind == Kind::kBranch;
      const auto here = reinterpret_cast<uintptr_t>(at);
      if (leads && instruction.target >= start && instruction.target <= here) {
        ends[instruction.target] = here;
      }
      at += instruction.length;
    }
    for (auto loop = ends.rbegin(); loop != ends.rend(); ++loop) {
      // One that begins in it may end behind it. Those further on are complete already.
      for (auto inner = ends.find(loop->first); inner != ends.end(); ++inner) {
        if (inner->first <= loop->second) loop->second = std::max(loop->second, inner->second);
      }
      loops_[loop->first] = written_between(reinterpret_cast<const uint8_t*>(loop->first),
                                            reinterpret_cast<const uint8_t*>(loop->second));
    }
  }

  static unsigned written_between(const uint8_t* at, const uint8_t* end) {
    unsigned writes = 0;
    while (at < end) {
      const X86Instruction instruction = decode_x86(at);
      if (instruction.kind == Kind::kUnknown || instruction.kind == Kind::kCall) return ~0u;
      writes |= instruction.writes;
      at += instruction.length;
    }
    return writes;
  }

  void forget_what_loop_writes() {
    const auto loop = loops_.find(reinterpret_cast<uintptr_t>(at_));
    if (loop == loops_.end()) return;
    for (size_t i = 0; i < kRegisters; ++i) {
      if ((loop->second >> i & 1) != 0) now_.forget(i, values_);
    }
  }

  // True: the body ends before this instruction.
  bool take(const X86Instruction& instruction) {
    const bool jumps = instruction.kind == Kind::kIndirectJump;
    if (jumps && now_.is_dispatch(instruction)) {
      body_.advance = now_.registers[kPcRegister].offset;
      resolve(body_);
      return true;
    }
    add_piece(instruction);
    switch (instruction.kind) {
      case Kind::kJump:
      case Kind::kBranch:
        // A loop's start, or another function.
        if (instruction.target > reinterpret_cast<uintptr_t>(at_)) {
          arriving_[instruction.target].meet(now_, values_);
        }
        if (instruction.kind == Kind::kJump) now_.reachable = false;
        break;
      case Kind::kIndirectJump:
        if (!now_.is_any_dispatch(instruction)) {
          now_.reachable = false;
          break;
        }
        end_of_path(now_.is_return(instruction));
        break;
      case Kind::kEnd:
        now_.reachable = false;
        break;
      default:
        now_.apply(instruction, values_);
    }
    return false;
  }

  // A dispatch to elsewhere: the end of the body, if no other follows that goes on with the next
  // instruction or returns.
  void end_of_path(bool returns) {
    now_.reachable = false;
    if (returns) body_.pieces.back().kind = Piece::Kind::kReturn;
    if (!first_.pieces.empty() && !returns) return;
    first_ = body_;
    resolve(first_);
  }

  void add_piece(const X86Instruction& instruction) {
    Piece piece = {at_, instruction.length, Piece::Kind::kPlain};
    if (instruction.relative_offset != 0) piece.kind = Piece::Kind::kRelative;
    piece.relative_offset = instruction.relative_offset;
    if (instruction.kind == Kind::kIndirectJump && instruction.reg < kRegisters &&
        now_.is_any_dispatch(instruction)) {
      piece.kind = Piece::Kind::kDispatch;
      piece.reg = instruction.reg;
      piece.label = now_.label_of(instruction);
    }
    if (instruction.target != 0) {
      piece.kind = instruction.kind == Kind::kBranch ? Piece::Kind::kBranch
                   : instruction.kind == Kind::kJump ? Piece::Kind::kJump
                                                     : Piece::Kind::kCall;
      piece.condition = instruction.condition;
      piece.target = instruction.target;
    }
    body_.pieces.push_back(piece);
  }

  // Where a branch leads to code that only goes on at a label: the offset of that label, else 0.
  uint8_t label_behind(uintptr_t target) const {
    const auto known = arriving_.find(target);
    if (known == arriving_.end()) return 0;
    constexpr size_t kLongest = 8;
    Knowledge now = known->second;
    int32_t values = values_;
    const auto* at = reinterpret_cast<const uint8_t*>(target);
    for (size_t i = 0; i < kLongest; ++i) {
      const X86Instruction instruction = decode_x86(at);
      if (instruction.kind == Kind::kIndirectJump) return now.label_of(instruction);
      const bool is_step = instruction.kind == Kind::kCopy || instruction.kind == Kind::kLoad ||
                           instruction.kind == Kind::kLoadSigned ||
                           instruction.kind == Kind::kAddress || instruction.kind == Kind::kSum;
      // Only pc and what nothing is kept in may change.
      if (!is_step || (instruction.writes & ~kScratch) != 0) return 0;
      now.apply(instruction, values);
      at += instruction.length;
    }
    return 0;
  }

  // Which jumps stay inside. The end of the body counts as inside: what follows stands there.
  void resolve(HandlerBody& body) const {
    for (Piece& piece : body.pieces) {
      if (piece.target == 0 || piece.kind == Piece::Kind::kCall) continue;
      for (size_t i = 0; i < body.pieces.size(); ++i) {
        if (reinterpret_cast<uintptr_t>(body.pieces[i].code) == piece.target) {
          piece.inner = static_cast<int32_t>(i);
        }
      }
      if (body.advance != 0 && piece.target == reinterpret_cast<uintptr_t>(at_)) {
        piece.inner = static_cast<int32_t>(body.pieces.size());
      }
      if (piece.inner < 0 && piece.kind == Piece::Kind::kBranch) {
        piece.label = label_behind(piece.target);
      }
    }
  }

  const uint8_t* handler_;
  const uint8_t* at_;
  Knowledge now_;
  int32_t values_ = 0;
  std::map<uintptr_t, Knowledge> arriving_;
  std::map<uintptr_t, unsigned> loops_;  // the registers that loops write, by their starts
  HandlerBody body_;
  HandlerBody first_;
};

constexpr size_t kLongBranch = 6;
constexpr size_t kLongJump = 5;
constexpr size_t kReturnLength = 3;

size_t placed_length(const Piece& piece, bool is_direct) {
  if (is_direct && piece.kind == Piece::Kind::kDispatch) return kLongJump;
  switch (piece.kind) {
    case Piece::Kind::kBranch:
      return kLongBranch;
    case Piece::Kind::kJump:
    case Piece::Kind::kCall:
      return kLongJump;
    case Piece::Kind::kReturn:
      return kReturnLength;
    default:
      return piece.length;
  }
}

// The distance from the end of an instruction; false: out of reach.
bool put_distance(std::vector<uint8_t>& out, size_t place, uintptr_t target, uintptr_t end) {
  const auto wide = static_cast<int64_t>(target - end);
  const auto distance = static_cast<int32_t>(wide);
  if (distance != wide) return false;
  std::memcpy(&out[place], &distance, sizeof distance);
  return true;
}

bool place_piece(const Piece& piece, std::vector<uint8_t>& out, uintptr_t address,
                 uintptr_t target) {
  const size_t start = out.size();
  switch (piece.kind) {
    // The address is where the latest call comes back to, and the processor knows: its own stack
    // of return addresses is right where a jump would be guessed.
    case Piece::Kind::kReturn: {
      const auto prefix = static_cast<uint8_t>(piece.reg < 8 ? 0x40 : 0x41);
      out.insert(out.end(), {prefix, static_cast<uint8_t>(0x50 | (piece.reg & 7)), 0xc3});
      return true;
    }
    case Piece::Kind::kPlain:
    case Piece::Kind::kDispatch:
      out.insert(out.end(), piece.code, piece.code + piece.length);
      return true;
    case Piece::Kind::kRelative: {
      out.insert(out.end(), piece.code, piece.code + piece.length);
      int32_t distance;
      std::memcpy(&distance, piece.code + piece.relative_offset, sizeof distance);
      const uintptr_t data = reinterpret_cast<uintptr_t>(piece.code) + piece.length +
                             static_cast<uintptr_t>(int64_t{distance});
      return put_distance(out, start + piece.relative_offset, data, address + piece.length);
    }
    case Piece::Kind::kBranch:
      out.insert(out.end(), {0x0f, static_cast<uint8_t>(0x80 | piece.condition), 0, 0, 0, 0});
      return put_distance(out, start + 2, target, address + kLongBranch);
    case Piece::Kind::kJump:
    case Piece::Kind::kCall: {
      const auto opcode = static_cast<uint8_t>(piece.kind == Piece::Kind::kJump ? 0xe9 : 0xe8);
      out.insert(out.end(), {opcode, 0, 0, 0, 0});
      return put_distance(out, start + 1, target, address + kLongJump);
    }
  }
  return false;
}

}  // namespace

HandlerBody find_handler_body(const uint8_t* handler) { return BodyReader(handler).run(); }

bool place_handler_body(const HandlerBody& body, const LabelPlaces& labels,
                        std::vector<uint8_t>& out, uintptr_t address) {
  const auto direct = [&](const Piece& piece) {
    return piece.label == 0 ? uintptr_t{0} : labels.place_of(piece.label);
  };
  std::vector<uintptr_t> places;
  uintptr_t place = address;
  for (const Piece& piece : body.pieces) {
    places.push_back(place);
    place += placed_length(piece, direct(piece) != 0);
  }
  places.push_back(place);
  const size_t start = out.size();
  for (size_t i = 0; i < body.pieces.size(); ++i) {
    Piece piece = body.pieces[i];
    uintptr_t target = piece.inner < 0 ? piece.target : places[static_cast<size_t>(piece.inner)];
    if (const uintptr_t label = direct(piece)) {
      target = label;
      if (piece.kind == Piece::Kind::kDispatch) piece.kind = Piece::Kind::kJump;
    }
    if (!place_piece(piece, out, places[i], target)) {
      out.resize(start);
      return false;
    }
  }
  return true;
}

bool is_move_to_x(const HandlerBody& body, size_t x, size_t advance) {
  constexpr unsigned kPlaces[] = {6, 2, 1, 8};  // rsi, rdx, rcx and r8
  unsigned writes = 0;
  for (const Piece& piece : body.pieces) {
    if (piece.kind != Piece::Kind::kPlain) return false;
    writes |= decode_x86(piece.code).writes;
  }
  return static_cast<size_t>(body.advance) == advance && (writes & ~kScratch) == 1u << kPlaces[x];
}

bool place_jump(uintptr_t target, std::vector<uint8_t>& out, uintptr_t address) {
  const Piece jump = {nullptr, 0, Piece::Kind::kJump};
  const size_t start = out.size();
  if (place_piece(jump, out, address, target)) return true;
  out.resize(start);
  return false;
}

void place_pc(const void* pc, std::vector<uint8_t>& out) {
  out.insert(out.end(), {0x49, 0xbc});  // movabs $pc,%r12
  const auto word = reinterpret_cast<uintptr_t>(pc);
  for (size_t i = 0; i < sizeof word; ++i) out.push_back(static_cast<uint8_t>(word >> 8 * i));
}

void HandlerBody::make_returns() {
  for (Piece& piece : pieces) {
    if (piece.kind == Piece::Kind::kDispatch) piece.kind = Piece::Kind::kReturn;
  }
}

namespace {

void put_call(std::vector<uint8_t>& out) { out.insert(out.end(), {0xe8, 0, 0, 0, 0}); }

}  // namespace

bool make_call(const HandlerBody& body, std::vector<uint8_t>& out, PlacedCall* call) {
  if (body.advance != 0 || body.pieces.empty()) return false;
  const Piece& last = body.pieces.back();
  if (last.kind != Piece::Kind::kDispatch) return false;
  out.resize(out.size() - last.length);
  put_call(out);
  *call = {out.size(), last.reg, 0};
  return true;
}

void make_call(uintptr_t target, std::vector<uint8_t>& out, PlacedCall* call) {
  out.resize(out.size() - kLongJump);
  put_call(out);
  *call = {out.size(), 0, target};
}

bool place_call_target(const PlacedCall& call, std::vector<uint8_t>& out, uintptr_t address) {
  const auto distance = static_cast<int32_t>(out.size() - call.end);
  std::memcpy(&out[call.end - sizeof distance], &distance, sizeof distance);
  constexpr uint8_t kDrop[] = {0x48, 0x83, 0xc4, 0x08};  // add $8,%rsp
  out.insert(out.end(), std::begin(kDrop), std::end(kDrop));
  if (call.target != 0) return place_jump(call.target, out, address + sizeof kDrop);
  const auto prefix = static_cast<uint8_t>(call.reg < 8 ? 0x40 : 0x41);
  out.insert(out.end(), {prefix, 0xff, static_cast<uint8_t>(0xe0 | (call.reg & 7))});
  return true;
}

#else

HandlerBody find_handler_body(const uint8_t*) { return {}; }
bool place_handler_body(const HandlerBody&, const LabelPlaces&, std::vector<uint8_t>&, uintptr_t) {
  return false;
}
bool place_jump(uintptr_t, std::vector<uint8_t>&, uintptr_t) { return false; }
bool is_move_to_x(const HandlerBody&, size_t, size_t) { return false; }
void place_pc(const void*, std::vector<uint8_t>&) {}
void HandlerBody::make_returns() {}
bool make_call(const HandlerBody&, std::vector<uint8_t>&, PlacedCall*) { return false; }
void make_call(uintptr_t, std::vector<uint8_t>&, PlacedCall*) {}
bool place_call_target(const PlacedCall&, std::vector<uint8_t>&, uintptr_t) { return false; }

#endif

}  // namespace joist
