#include "loader/operands.h"

namespace joist {

namespace {

enum class ExtendedTag : int64_t {
  kFloat = 0,
  kList = 1,
  kFloatRegister = 2,
  kAllocation = 3,
  kLiteral = 4,
  kTypedRegister = 5,
};

constexpr size_t kMaxAllocationEntries = 3;

Error bad_operand(const char* what) { return make_error("malformed operand: %s", what); }

Operand make_operand(OperandKind kind, int64_t value = 0) { return {kind, kNoType, value}; }

bool is_list(const TaggedNumber& number) {
  return number.tag == Tag::kExtended && number.fits() &&
         number.value == static_cast<int64_t>(ExtendedTag::kList);
}

}  // namespace

InstructionReader::InstructionReader(const BeamFile& file, ByteSpan bytes, GenericCode& code)
    : file_(file),
      short_ranges_{
          {0, kEndOfShort},   {0, kEndOfShort},   {1, static_cast<uint32_t>(file.atoms.size())},
          {0, kMaxRegisters}, {0, kMaxRegisters}, {1, file.label_count}},
      reader_(bytes),
      code_(code) {}

Result<uint32_t> InstructionReader::read_unsigned(const char* what) {
  const TaggedNumber number = read_tagged(reader_);
  if (!reader_.ok() || !number.is_below(Tag::kUnsigned, UINT32_MAX)) return bad_operand(what);
  return static_cast<uint32_t>(number.value);
}

Result<Operand> InstructionReader::read_typed_register() {
  const TaggedNumber number = read_tagged(reader_);
  const bool is_x = number.is_below(Tag::kX, kMaxRegisters);
  if (!is_x && !number.is_below(Tag::kY, kMaxRegisters)) return bad_operand("typed register");
  const uint32_t type = JOIST_TRY(read_unsigned("type index"));
  Operand operand = make_operand(is_x ? OperandKind::kX : OperandKind::kY, number.value);
  // With the Type chunk stripped, or of an unknown version, hints have nothing to refer to.
  if (file_.types.size() > 1) {
    if (type >= file_.types.size()) return bad_operand("type index out of range");
    if (type != 0) operand.type = type;
  }
  return operand;
}

Result<Operand> InstructionReader::read_allocation() {
  const uint32_t count = JOIST_TRY(read_unsigned("allocation list"));
  if (count > kMaxAllocationEntries) return bad_operand("allocation list too long");
  Allocation allocation;
  uint32_t* const places[] = {&allocation.words, &allocation.floats, &allocation.funs};
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t kind = JOIST_TRY(read_unsigned("allocation kind"));
    const uint32_t number = JOIST_TRY(read_unsigned("allocation size"));
    if (kind >= 3) return bad_operand("allocation kind out of range");
    if (number > kMaxHeapNeed - *places[kind]) return bad_operand("allocation too large");
    *places[kind] += number;
  }
  code_.allocations.push_back(allocation);
  return make_operand(OperandKind::kAllocation, static_cast<int64_t>(code_.allocations.size() - 1));
}

Result<Operand> InstructionReader::read_extended(const TaggedNumber& number) {
  if (!number.fits()) return bad_operand("extended tag");
  switch (static_cast<ExtendedTag>(number.value)) {
    case ExtendedTag::kFloatRegister: {
      const uint32_t index = JOIST_TRY(read_unsigned("float register"));
      if (index >= kMaxRegisters) return bad_operand("float register out of range");
      return make_operand(OperandKind::kFloatRegister, index);
    }
    case ExtendedTag::kAllocation:
      return read_allocation();
    case ExtendedTag::kLiteral: {
      const uint32_t index = JOIST_TRY(read_unsigned("literal index"));
      if (index >= file_.literals.size()) return bad_operand("literal index out of range");
      return make_operand(OperandKind::kLiteral, index);
    }
    case ExtendedTag::kTypedRegister:
      return read_typed_register();
    case ExtendedTag::kList:
      return bad_operand("a list that is not the last operand");
    case ExtendedTag::kFloat:
      return bad_operand("floating point number in the code, superseded in OTP R16B");
  }
  return bad_operand("unknown extended tag");
}

Result<Operand> InstructionReader::read_operand() {
  const TaggedNumber number = read_tagged(reader_);
  if (!reader_.ok()) return bad_operand("it is cut short");
  switch (number.tag) {
    case Tag::kUnsigned:
      if (!number.fits()) return make_operand(OperandKind::kOverflow);
      return make_operand(OperandKind::kUnsigned, number.value);
    case Tag::kInteger:
      if (number.fits()) return make_operand(OperandKind::kInteger, number.value);
      code_.big_integers.push_back(number.wide);
      return make_operand(OperandKind::kBigInteger,
                          static_cast<int64_t>(code_.big_integers.size() - 1));
    case Tag::kAtom:
      if (!number.is_below(Tag::kAtom, file_.atoms.size())) return bad_operand("atom index");
      if (number.value == 0) return make_operand(OperandKind::kNil);
      return make_operand(OperandKind::kAtom, number.value);
    case Tag::kX:
      if (!number.is_below(Tag::kX, kMaxRegisters)) return bad_operand("x register");
      return make_operand(OperandKind::kX, number.value);
    case Tag::kY:
      if (!number.is_below(Tag::kY, kMaxRegisters)) return bad_operand("y register");
      return make_operand(OperandKind::kY, number.value);
    case Tag::kLabel:
      if (number.fits() && number.value == 0) return make_operand(OperandKind::kNoLabel);
      if (!number.is_below(Tag::kLabel, file_.label_count)) return bad_operand("label");
      return make_operand(OperandKind::kLabel, number.value);
    case Tag::kExtended:
      return read_extended(number);
    case Tag::kCharacter:
      break;  // no compiler writes it and ERTS refuses it
  }
  return bad_operand("unknown tag");
}

// Most operands are registers, atoms, labels and numbers below 2048, of one or two bytes.
bool InstructionReader::read_short_operand() {
  constexpr OperandKind kKinds[] = {OperandKind::kUnsigned, OperandKind::kInteger,
                                    OperandKind::kAtom,     OperandKind::kX,
                                    OperandKind::kY,        OperandKind::kLabel};
  if (reader_.remaining() < 2) return false;
  const uint8_t* bytes = reader_.position();
  const unsigned tag = bytes[0] & 0x07;
  const bool one_byte = (bytes[0] & 0x08) == 0;
  if (tag >= std::size(kKinds) || (!one_byte && (bytes[0] & 0x10) != 0)) return false;
  const uint32_t value = one_byte ? bytes[0] >> 4 : (bytes[0] >> 5) << 8 | bytes[1];
  if (value < short_ranges_[tag].least || value >= short_ranges_[tag].end) return false;
  reader_.skip(one_byte ? 1 : 2);
  code_.operands.push_back(make_operand(kKinds[tag], value));
  return true;
}

Result<void> InstructionReader::next() {
  const uint8_t opcode = reader_.u8();
  if (!reader_.ok()) return make_error("the code ends without int_code_end");
  const GenericOpInfo* info = find_generic_op(opcode);
  if (info == nullptr) return make_error("unknown opcode %u", opcode);

  GenericInstruction instruction{static_cast<GenericOp>(opcode),
                                 static_cast<uint32_t>(code_.operands.size()), 0};
  for (unsigned i = 0; i < info->arity; ++i) {
    if (read_short_operand()) continue;
    ByteReader ahead = reader_;
    const bool list_here = i + 1 == info->arity && is_list(read_tagged(ahead));
    if (!list_here) {
      code_.operands.push_back(JOIST_TRY(read_operand()));
      continue;
    }
    reader_ = ahead;
    const uint32_t items = JOIST_TRY(read_unsigned("list length"));
    if (items > reader_.remaining()) return bad_operand("list longer than the code");
    code_.operands.push_back(make_operand(OperandKind::kList, items));
    for (uint32_t item = 0; item < items; ++item) {
      if (read_short_operand()) continue;
      code_.operands.push_back(JOIST_TRY(read_operand()));
    }
  }
  instruction.count = static_cast<uint32_t>(code_.operands.size()) - instruction.first;
  code_.instructions.push_back(instruction);
  return {};
}

namespace {

bool is_op(const GenericCode& code, size_t index, GenericOp op) {
  return index < code.instructions.size() && code.instructions[index].op == op;
}

// The function that starts with the label at `begin`; false if none does.
bool read_function_start(const GenericCode& code, size_t begin, GenericFunction& function) {
  if (!is_op(code, begin, GenericOp::label_1)) return false;
  size_t at = begin + 1;
  if (is_op(code, at, GenericOp::line_1)) ++at;
  if (!is_op(code, at, GenericOp::func_info_3)) return false;

  const GenericInstruction& info = code.instructions[at];
  function.begin = static_cast<uint32_t>(begin);
  function.entry = static_cast<uint32_t>(at + 1);
  function.info_label = code.operand(code.instructions[begin], 0).index();
  function.name = code.operand(info, 1).index();
  function.arity = code.operand(info, 2).index();
  if (is_op(code, at + 1, GenericOp::label_1)) {
    function.entry_label = code.operand(code.instructions[at + 1], 0).index();
  }
  return true;
}

// Whether the operands that a GenericFunction is made of are what they must be.
bool function_start_is_sound(const GenericCode& code, const GenericFunction& function) {
  const auto is_number = [&](size_t index, uint32_t position, uint64_t limit) {
    const Operand& operand = code.operand(code.instructions[index], position);
    return operand.kind == OperandKind::kUnsigned && operand.number() < limit;
  };
  const size_t info = function.entry - 1;
  return is_op(code, function.entry, GenericOp::label_1) &&
         is_number(function.begin, 0, UINT32_MAX) && is_number(function.entry, 0, UINT32_MAX) &&
         code.operand(code.instructions[info], 0).kind == OperandKind::kAtom &&
         code.operand(code.instructions[info], 1).kind == OperandKind::kAtom &&
         is_number(info, 2, kMaxArity + 1);
}

Result<void> find_functions(GenericCode& code) {
  const size_t end = code.instructions.size() - 1;  // of the functions; int_code_end is there
  for (size_t index = 0; index < end; ++index) {
    if (is_op(code, index, GenericOp::on_load_0) && !code.functions.empty()) {
      code.on_load = static_cast<uint32_t>(code.functions.size() - 1);
    }
    GenericFunction function = {};
    if (!read_function_start(code, index, function)) {
      if (index == 0) return make_error("corrupt code: it does not start with a function");
      continue;
    }
    if (!function_start_is_sound(code, function)) {
      return make_error("corrupt code: malformed function start at instruction %zu", index);
    }
    if (!code.functions.empty()) code.functions.back().end = function.begin;
    code.functions.push_back(function);
    index = function.entry;
  }
  if (!code.functions.empty()) code.functions.back().end = static_cast<uint32_t>(end);
  return {};
}

}  // namespace

Result<void> parse_code(BeamFile& file, ByteSpan bytes) {
  GenericCode& code = file.code;
  // Measured over OTP: about 5.5 bytes an instruction and 2 an operand.
  code.instructions.reserve(bytes.size() / 5);
  code.operands.reserve(bytes.size() / 2);
  InstructionReader reader(file, bytes, code);
  do {
    Result<void> read = reader.next();
    if (!read) {
      return make_error("corrupt code: instruction %zu: %s", code.instructions.size(),
                        read.error().text.c_str());
    }
  } while (code.instructions.back().op != GenericOp::int_code_end_0);
  return find_functions(code);
}

}  // namespace joist
