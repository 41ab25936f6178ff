#include "loader/operands.h"

#include <algorithm>
#include <array>
#include <bit>

#include "loader/function_reader.h"
#include "vm/term/term.h"

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
      if (index >= file_.literal_count) return bad_operand("literal index out of range");
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
      if (number.fits()) {
        if (!Term::fits_small(number.value)) code_.wide_integers.push_back(number.value);
        return make_operand(OperandKind::kInteger, number.value);
      }
      code_.big_integers.push_back(number.wide);
      return make_operand(
          OperandKind::kBigInteger,
          static_cast<int64_t>(code_.first_big_integer + code_.big_integers.size() - 1));
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

// What the first byte of an operand says: an operand of one byte as it is, one of two bytes without
// its second.
struct alignas(Operand) InstructionReader::Lead {
  OperandKind kind;
  uint8_t length;  // in bytes; 0: the operand is none of the short ones
  uint8_t tag;
  uint8_t unused;
  uint32_t type;
  int64_t value;

  bool is_register() const { return kind == OperandKind::kX || kind == OperandKind::kY; }
  uint32_t value_at(const uint8_t* bytes) const {
    return static_cast<uint32_t>(value) + (length == 2 ? bytes[1] : 0u);
  }

  static constexpr std::array<Lead, 256> all();
  static const std::array<Lead, 256> kOfLargeFiles;
};

constexpr std::array<InstructionReader::Lead, 256> InstructionReader::Lead::all() {
  constexpr OperandKind kKinds[] = {OperandKind::kUnsigned, OperandKind::kInteger,
                                    OperandKind::kAtom,     OperandKind::kX,
                                    OperandKind::kY,        OperandKind::kLabel};
  std::array<Lead, 256> leads = {};
  for (unsigned byte = 0; byte < leads.size(); ++byte) {
    const unsigned tag = byte & 0x07;
    const bool is_one = (byte & 0x08) == 0;
    if (tag >= std::size(kKinds) || (!is_one && (byte & 0x10) != 0)) continue;
    const unsigned value = is_one ? byte >> 4 : (byte >> 5) << 8;
    leads[byte] = {
        kKinds[tag], static_cast<uint8_t>(is_one ? 1 : 2), static_cast<uint8_t>(tag), 0, kNoType,
        value};
  }
  leads[static_cast<unsigned>(Tag::kAtom)].kind = OperandKind::kNil;
  leads[static_cast<unsigned>(Tag::kLabel)].kind = OperandKind::kNoLabel;
  return leads;
}

constexpr std::array<InstructionReader::Lead, 256> InstructionReader::Lead::kOfLargeFiles = all();

namespace {

constexpr unsigned kMostInOneByte = 15;
constexpr ptrdiff_t kLongestShort = 5;

constexpr uint8_t one_byte(ExtendedTag tag) {
  return static_cast<uint8_t>(static_cast<unsigned>(tag) << 4 |
                              static_cast<unsigned>(Tag::kExtended));
}

bool has_few(const BeamFile& file) {
  return file.atoms.size() <= kMostInOneByte || file.label_count <= kMostInOneByte;
}

}  // namespace

std::unique_ptr<InstructionReader::Lead[]> InstructionReader::leads_of_small_file() const {
  if (!has_few(file_)) return nullptr;
  auto leads = std::make_unique<Lead[]>(Lead::kOfLargeFiles.size());
  std::copy(Lead::kOfLargeFiles.begin(), Lead::kOfLargeFiles.end(), leads.get());
  for (unsigned value = 1; value <= kMostInOneByte; ++value) {
    if (value >= file_.atoms.size()) leads[value << 4 | static_cast<unsigned>(Tag::kAtom)] = {};
    if (value >= file_.label_count) leads[value << 4 | static_cast<unsigned>(Tag::kLabel)] = {};
  }
  return leads;
}

InstructionReader::InstructionReader(const BeamFile& file, ByteSpan bytes, GenericCode& code)
    : file_(file),
      own_leads_(leads_of_small_file()),
      leads_(own_leads_ ? own_leads_.get() : Lead::kOfLargeFiles.data()),
      short_ranges_{
          {0, kEndOfShort},   {0, kEndOfShort},   {1, static_cast<uint32_t>(file.atoms.size()) - 1},
          {0, kMaxRegisters}, {0, kMaxRegisters}, {1, std::max(file.label_count, 1u) - 1}},
      reader_(bytes),
      code_(code) {}

InstructionReader::~InstructionReader() = default;

// Most operands are registers, atoms, labels and numbers below 2048, of one or two bytes.
[[gnu::always_inline]] inline const uint8_t* InstructionReader::read_short_operand(
    const uint8_t* at, const uint8_t* end, Operand* operand) const {
  if (end - at < kLongestShort) return nullptr;
  const Lead& lead = leads_[at[0]];
  if (lead.length == 1) {
    *operand = std::bit_cast<Operand>(lead);
    return at + 1;
  }
  if (lead.length == 0) return read_short_extended(at, end, operand);
  const uint32_t value = static_cast<uint32_t>(lead.value) + at[1];
  const Range& range = short_ranges_[lead.tag];
  if (value - range.least >= range.count) return nullptr;
  *operand = {lead.kind, kNoType, value};
  return at + 2;
}

// Of the others, most are registers with types, and literals.
[[gnu::noinline]] const uint8_t* InstructionReader::read_short_extended(const uint8_t* at,
                                                                        const uint8_t* end,
                                                                        Operand* operand) const {
  if (end - at < kLongestShort) return nullptr;
  const Lead& first = leads_[at[1]];
  const uint32_t value = first.value_at(at + 1);
  if (first.length == 0) return nullptr;
  if (at[0] == one_byte(ExtendedTag::kLiteral)) {
    if (first.kind != OperandKind::kUnsigned || value >= file_.literal_count) return nullptr;
    *operand = {OperandKind::kLiteral, kNoType, value};
    return at + 1 + first.length;
  }
  if (at[0] != one_byte(ExtendedTag::kTypedRegister) || !first.is_register()) return nullptr;
  const uint8_t* const behind = at + 1 + first.length;
  const Lead& second = leads_[behind[0]];
  const uint32_t type = second.value_at(behind);
  if (second.length == 0 || second.kind != OperandKind::kUnsigned) return nullptr;
  const size_t types = file_.types.size();
  if (value >= kMaxRegisters || (types > 1 && type >= types)) return nullptr;
  *operand = {first.kind, types > 1 && type != 0 ? type : kNoType, value};
  return behind + second.length;
}

bool InstructionReader::read_operands(uint32_t count, bool ends_with_list) {
  constexpr uint32_t kAtOnce = 64;  // a count that the file claims is no reason to get memory
  OperandList& operands = code_.operands;
  while (count != 0) {
    const uint8_t* at = reader_.position();
    const uint8_t* const end = at + reader_.remaining();
    const uint32_t most = std::min(count, kAtOnce);
    Operand* const first = operands.room_for(most);
    Operand* const limit = first + most;
    Operand* operand = first;
    while (operand != limit) {
      const uint8_t* const next = read_short_operand(at, end, operand);
      if (next == nullptr) break;
      at = next;
      ++operand;
    }
    operands.end_at(operand);
    reader_.skip(static_cast<size_t>(at - reader_.position()));
    count -= static_cast<uint32_t>(operand - first);
    if (operand == limit) continue;
    if (!read_long_operand(ends_with_list && count == 1)) return false;
    --count;
  }
  return true;
}

bool InstructionReader::read_list() {
  const Result<uint32_t> items = read_unsigned("list length");
  if (!items.ok()) return fail(items.error());
  if (items.value() > reader_.remaining()) return fail(bad_operand("list longer than the code"));
  code_.operands.push_back(make_operand(OperandKind::kList, items.value()));
  return read_operands(items.value(), false);
}

bool InstructionReader::read_long_operand(bool is_last) {
  ByteReader ahead = reader_;
  if (is_last && is_list(read_tagged(ahead))) {
    reader_ = ahead;
    return read_list();
  }
  const Result<Operand> operand = read_operand();
  if (!operand.ok()) return fail(operand.error());
  code_.operands.push_back(operand.value());
  return true;
}

namespace {

constexpr uint8_t kNoBody = UINT8_MAX;
constexpr size_t kMaxFixedOperands = 8;

// By opcode: the number of fixed operands, of instructions that may belong to the body of a
// function.
constexpr auto kBodyArities = [] {
  std::array<uint8_t, 256> arities = {};
  arities.fill(kNoBody);
#define JOIST_GENOP(number, name, arity, since, obsolete, signature) arities[number] = arity;
#include "vm/code/genops.def"
#undef JOIST_GENOP
  for (const GenericOp op : {GenericOp::label_1, GenericOp::func_info_3, GenericOp::on_load_0,
                             GenericOp::int_code_end_0}) {
    arities[static_cast<size_t>(op)] = kNoBody;
  }
  return arities;
}();

}  // namespace

[[gnu::always_inline]] inline const uint8_t* InstructionReader::read_short_instruction(
    const uint8_t* at, const uint8_t* end, uint8_t arity) {
  const auto op = static_cast<GenericOp>(*at++);
  OperandList& operands = code_.operands;
  Operand* operand = operands.room_for(kMaxFixedOperands);
  const auto first = static_cast<uint32_t>(operands.size());
  for (const Operand* const limit = operand + arity; operand != limit; ++operand) {
    at = read_short_operand(at, end, operand);
    if (at == nullptr) return nullptr;
  }
  operands.end_at(operand);
  code_.instructions.push_back({op, first, arity});
  return at;
}

bool InstructionReader::next() {
  const uint8_t* const at = reader_.position();
  const uint8_t opcode = reader_.u8();
  if (!reader_.ok()) return fail(make_error("the code ends without int_code_end"));
  const GenericOpInfo* info = find_generic_op(opcode);
  if (info == nullptr) return fail(make_error("unknown opcode %u", opcode));
  const uint8_t* const behind =
      read_short_instruction(at, at + 1 + reader_.remaining(), info->arity);
  if (behind != nullptr) {
    reader_.skip(static_cast<size_t>(behind - reader_.position()));
    return true;
  }
  const size_t first = code_.operands.size();
  if (!read_operands(info->arity, true)) return false;
  code_.instructions.push_back({static_cast<GenericOp>(opcode), static_cast<uint32_t>(first),
                                static_cast<uint32_t>(code_.operands.size() - first)});
  return true;
}

bool InstructionReader::read_body() {
  const uint8_t* at = reader_.position();
  const uint8_t* const end = at + reader_.remaining();
  while (end - at > kLongestShort) {
    const uint8_t arity = kBodyArities[*at];
    if (arity == kNoBody) break;
    const uint8_t* next_at = read_short_instruction(at, end, arity);
    if (next_at == nullptr) {
      reader_.skip(static_cast<size_t>(at - reader_.position()));
      if (!next()) return false;
      next_at = reader_.position();
    }
    at = next_at;
  }
  reader_.skip(static_cast<size_t>(at - reader_.position()));
  return true;
}

Result<void> parse_code(BeamFile& file) {
  GenericCode& code = file.code;
  // Measured over OTP: about 5.5 bytes an instruction and 2 an operand.
  code.instructions.reserve(file.code_bytes.size() / 5);
  code.operands.reserve(file.code_bytes.size() / 2);
  FunctionReader reader(file, file.code_bytes, code);
  while (JOIST_TRY(reader.next())) {
  }
  code.instructions.push_back(
      {GenericOp::int_code_end_0, static_cast<uint32_t>(code.operands.size()), 0});
  return {};
}

}  // namespace joist
