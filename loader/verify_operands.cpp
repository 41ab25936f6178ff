#include "loader/verify_operands.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace joist {

namespace {

using Kind = OperandKind;

constexpr int64_t kMaxUnit = 256;
constexpr int64_t kMaxBits = int64_t{1} << 40;  // times the unit this still fits in 63 bits

constexpr uint32_t kinds(std::initializer_list<Kind> list) {
  uint32_t bits = 0;
  for (const Kind kind : list) bits |= 1u << static_cast<unsigned>(kind);
  return bits;
}

constexpr uint32_t kRegisters = kinds({Kind::kX, Kind::kY});
constexpr uint32_t kConstants =
    kinds({Kind::kInteger, Kind::kBigInteger, Kind::kNil, Kind::kAtom, Kind::kLiteral});

// What an operand has to be whose letter says no more than its kind.
struct KindRule {
  uint32_t admitted = 0;           // bits of kinds
  const char* expected = nullptr;  // nullptr: the letter says more, or stands for a list

  constexpr bool admits(Kind kind) const {
    return (admitted >> static_cast<unsigned>(kind) & 1) != 0;
  }
};

constexpr auto kKindRules = [] {
  std::array<KindRule, 256> rules = {};
  rules['s'] = {kRegisters | kConstants, "source"};
  rules['e'] = {kConstants, "constant"};
  rules['z'] = {kRegisters | kConstants | kinds({Kind::kUnsigned, Kind::kOverflow}),
                "source or number"};
  rules['r'] = {kRegisters, "x or y register"};
  rules['d'] = {kRegisters, "x or y register"};
  rules['y'] = {kinds({Kind::kY}), "y register"};
  rules['F'] = {kinds({Kind::kFloatRegister}), "float register"};
  rules['t'] = {kRegisters | kinds({Kind::kFloatRegister, Kind::kLiteral}),
                "float register, register or literal"};
  rules['f'] = {kinds({Kind::kLabel}), "label"};
  rules['j'] = {kinds({Kind::kLabel, Kind::kNoLabel}), "label or 0"};
  rules['a'] = {kinds({Kind::kAtom}), "atom"};
  rules['u'] = {kinds({Kind::kUnsigned}), "number"};
  rules['o'] = {kinds({Kind::kUnsigned, Kind::kOverflow}), "number"};
  return rules;
}();

bool is_unsigned_below(const Operand& operand, uint64_t limit) {
  return operand.kind == Kind::kUnsigned && operand.number() < limit;
}

bool is_constant(const Operand& operand) { return kKindRules['e'].admits(operand.kind); }
bool is_source(const Operand& operand) { return kKindRules['s'].admits(operand.kind); }

// Flags of a binary segment: [] or a literal list of atoms.
bool is_flags(const Operand& operand) {
  return operand.kind == Kind::kNil || operand.kind == Kind::kLiteral;
}

bool is_heap_need(const Operand& operand) {
  return operand.kind == Kind::kAllocation || is_unsigned_below(operand, kMaxHeapNeed + 1);
}

bool is_atom_named(const BeamFile& file, const Operand& operand, std::string_view name) {
  return operand.kind == Kind::kAtom && file.atoms[operand.index()] == name;
}

struct CommandShape {
  std::string_view name;
  BsMatchCommand::Kind kind;
  size_t arguments;
  int live;         // position among the arguments, or -1
  int destination;  // likewise
};

constexpr CommandShape kCommands[] = {
    {"ensure_at_least", BsMatchCommand::Kind::kEnsureAtLeast, 2, -1, -1},
    {"ensure_exactly", BsMatchCommand::Kind::kEnsureExactly, 1, -1, -1},
    {"binary", BsMatchCommand::Kind::kBinary, 5, 0, 4},
    {"integer", BsMatchCommand::Kind::kInteger, 5, 0, 4},
    {"skip", BsMatchCommand::Kind::kSkip, 1, -1, -1},
    {"get_tail", BsMatchCommand::Kind::kGetTail, 3, 0, 2},
    {"=:=", BsMatchCommand::Kind::kEqual, 3, 0, -1},
};

const CommandShape& shape_of(BsMatchCommand::Kind kind) {
  return kCommands[static_cast<size_t>(kind)];
}

// A number of bits that no binary has.
bool is_beyond_any_binary(const Operand& bits) {
  return bits.kind == Kind::kOverflow ||
         (bits.kind == Kind::kUnsigned && bits.number() >= kMaxBits);
}

// Takes the bits of `command` off those that are known to be there.
bool consume_bits(const BsMatchCommand& command, uint64_t& ensured) {
  const auto number = [&](size_t i) {
    const Operand& operand = command.arguments[i];
    return is_beyond_any_binary(operand) ? uint64_t{kMaxBits} : operand.number();
  };
  uint64_t bits = 0;
  switch (command.kind) {
    case BsMatchCommand::Kind::kEnsureAtLeast:
    case BsMatchCommand::Kind::kEnsureExactly:
      // Nothing comes after one that never succeeds, so what follows may take whatever it likes.
      ensured = is_beyond_any_binary(command.arguments[0]) ? UINT64_MAX : number(0);
      return true;
    case BsMatchCommand::Kind::kGetTail:
      ensured = 0;
      return true;
    case BsMatchCommand::Kind::kBinary:
    case BsMatchCommand::Kind::kInteger:
      bits = number(2) * number(3);
      break;
    case BsMatchCommand::Kind::kSkip:
      bits = number(0);
      break;
    case BsMatchCommand::Kind::kEqual:
      bits = number(1);
      break;
  }
  if (bits > ensured) return false;
  if (ensured != UINT64_MAX) ensured -= bits;
  return true;
}

bool command_is_sound(const BsMatchCommand& command) {
  const auto arguments = command.arguments;
  const auto bits = [&](size_t i) {
    return is_unsigned_below(arguments[i], kMaxBits) || is_beyond_any_binary(arguments[i]);
  };
  const auto unit = [&](size_t i) { return is_unsigned_below(arguments[i], kMaxUnit + 1); };
  const auto live = [&](size_t i) { return is_unsigned_below(arguments[i], kMaxRegisters + 1); };
  switch (command.kind) {
    case BsMatchCommand::Kind::kEnsureAtLeast:
      return bits(0) && unit(1) && arguments[1].value != 0;
    case BsMatchCommand::Kind::kEnsureExactly:
    case BsMatchCommand::Kind::kSkip:
      return bits(0);
    case BsMatchCommand::Kind::kBinary:
    case BsMatchCommand::Kind::kInteger:
      return live(0) && is_flags(arguments[1]) && bits(2) && unit(3) && arguments[4].is_register();
    case BsMatchCommand::Kind::kGetTail:
      return live(0) && unit(1) && arguments[2].is_register();
    case BsMatchCommand::Kind::kEqual: {
      const bool live_or_nil = arguments[0].kind == Kind::kNil || live(0);
      return live_or_nil && is_unsigned_below(arguments[1], 65) &&
             arguments[2].kind == Kind::kUnsigned &&
             (arguments[1].value == 64 || arguments[2].number() >> arguments[1].value == 0);
    }
  }
  return false;
}

// Whether operands of the op have to suit each other, or be within tighter bounds than their
// letters say.
constexpr bool has_combination(GenericOp op) {
  switch (op) {
    case GenericOp::call_ext_2:
    case GenericOp::call_ext_last_3:
    case GenericOp::call_ext_only_2:
    case GenericOp::bif0_2:
    case GenericOp::bif1_4:
    case GenericOp::bif2_5:
    case GenericOp::bif3_6:
    case GenericOp::gc_bif1_5:
    case GenericOp::gc_bif2_6:
    case GenericOp::gc_bif3_7:
    case GenericOp::make_fun3_3:
    case GenericOp::bs_match_string_4:
    case GenericOp::bs_put_string_2:
    case GenericOp::update_record_5:
    case GenericOp::put_record_6:
    case GenericOp::put_tuple2_2:
    case GenericOp::get_tuple_element_3:
    case GenericOp::set_tuple_element_3:
    case GenericOp::fmove_2:
    case GenericOp::init_yregs_1:
      return true;
    default:
      return false;
  }
}

class OperandChecker {
 public:
  OperandChecker(const BeamFile& file, const GenericCode& code,
                 const GenericInstruction& instruction)
      : file_(file),
        code_(code),
        instruction_(instruction),
        info_(generic_op_info(instruction.op)),
        operands_(code.operands_of(instruction)) {}

  std::optional<OperandFault> run() {
    const Operand* operands = operands_.data();
    const char* signature = info_.signature;
    for (uint32_t i = 0; i < info_.arity; ++i) {
      const Operand& operand = operands[i];
      if (kKindRules[static_cast<uint8_t>(signature[i])].admits(operand.kind)) continue;
      const char* expected = check_fixed(signature[i], operand);
      if (expected == nullptr) continue;
      if (operand.kind == Kind::kList) {
        check_list(info_.signature[i], operands_.subspan(i + 1));
      } else {
        fault_ = OperandFault{i, expected};
      }
      if (fault_) return fault_;
    }
    check_combination();
    return fault_;
  }

 private:
  bool in_table(const Operand& operand, size_t size) const {
    return is_unsigned_below(operand, size);
  }

  // nullptr, or what was expected; "list" for every list letter.
  const char* check_fixed(char letter, const Operand& operand) const {
    const KindRule& rule = kKindRules[static_cast<uint8_t>(letter)];
    if (rule.expected != nullptr) return rule.admits(operand.kind) ? nullptr : rule.expected;
    return check_limited(letter, operand);
  }

  const char* check_limited(char letter, const Operand& operand) const {
    const auto expect = [](bool met, const char* what) { return met ? nullptr : what; };
    switch (letter) {
      case 'x':
        return expect(operand.kind == Kind::kLabel || is_atom_named(file_, operand, "no_fail") ||
                          is_atom_named(file_, operand, "resume"),
                      "label, no_fail or resume");
      case 'n':
        return expect(is_unsigned_below(operand, kMaxArity + 1), "arity");
      case 'b':
        return expect(is_unsigned_below(operand, kMaxUnit + 1), "unit");
      case 'L':
        return expect(is_unsigned_below(operand, file_.label_count) && operand.value != 0,
                      "label number");
      case 'i':
        return expect(in_table(operand, file_.imports.size()), "import index");
      case 'm':
        return expect(in_table(operand, file_.lambdas.size()), "lambda index");
      case 'g':
        return expect(is_atom_named(file_, operand, "safe") ||
                          is_atom_named(file_, operand, "unsafe") ||
                          in_table(operand, file_.lambdas.size()),
                      "safe, unsafe or lambda index");
      case 'S':
        return expect(is_unsigned_below(operand, kMaxRegisters + 1), "frame size");
      case 'h':
        return expect(is_heap_need(operand), "heap need");
      case 'v':
        return expect(is_unsigned_below(operand, kMaxRegisters + 1), "number of live registers");
      case 'T':
        return expect(is_unsigned_below(operand, file_.strings.size() + 1), "string offset");
      case 'w':
        // Without a line table, which may have been stripped, every index means "unknown".
        return expect(operand.kind == Kind::kUnsigned &&
                          (file_.lines.empty() || in_table(operand, file_.lines.size())),
                      "line index");
      default:
        return "list";
    }
  }

  void fail(size_t item, const char* expected) {
    if (!fault_) fault_ = OperandFault{static_cast<uint32_t>(info_.arity + item), expected};
  }

  // Checks items by turns with the letters of `shape`.
  void check_items(std::span<const Operand> items, std::string_view shape, const char* what) {
    if (items.size() % shape.size() != 0) return fail(items.size(), what);
    for (size_t i = 0; i < items.size(); ++i) {
      if (!item_fits(shape[i % shape.size()], items[i])) return fail(i, what);
    }
  }

  bool item_fits(char letter, const Operand& item) const {
    if (letter == 'c') return is_constant(item) && item.kind != Kind::kNil;
    return check_fixed(letter, item) == nullptr;
  }

  void check_list(char letter, std::span<const Operand> items) {
    switch (letter) {
      case 'V':
        return check_items(items, "cf", "constant and label");
      case 'A':
        return check_items(items, "of", "arity and label");
      case 'P':
        return check_items(items, "ss", "key and value");
      case 'K':
        return check_items(items, "s", "key");
      case 'G':
        return check_items(items, "sd", "key and destination");
      case 'E':
      case 'N':
        return check_items(items, "s", "source");
      case 'Y':
        return check_items(items, "y", "y register");
      case 'R':
        return check_items(items, "us", "index and value");
      case 'Q':
        return check_items(items, "ad", "field and destination");
      case 'Z':
        return check_items(items, "as", "field and value");
      case 'B':
        return check_create_bin(items);
      case 'M':
        return check_bs_match(items);
      default:
        return fail(0, "no list");
    }
  }

  // Commands may take only bits that a command before them has ensured.
  void check_bs_match(std::span<const Operand> items) {
    const size_t count = items.size();
    uint64_t ensured = 0;
    while (!items.empty()) {
      const auto command = take_bs_match_command(file_, items);
      if (!command || !command_is_sound(*command)) return fail(count - items.size(), "command");
      if (!consume_bits(*command, ensured)) return fail(count - items.size(), "ensured bits");
    }
  }

  void check_create_bin(std::span<const Operand> items) {
    if (items.size() % kCreateBinSegment != 0) return fail(items.size(), "segment");
    for (size_t i = 0; i < items.size(); i += kCreateBinSegment) {
      if (!segment_is_sound(items.subspan(i, kCreateBinSegment), i == 0)) return fail(i, "segment");
    }
  }

  bool segment_is_sound(std::span<const Operand> segment, bool first) const {
    const Operand& value = segment[4];
    const Operand& size = segment[5];
    const bool common = segment[0].kind == Kind::kAtom && segment[1].kind == Kind::kUnsigned &&
                        is_unsigned_below(segment[2], kMaxUnit + 1) && is_flags(segment[3]);
    if (!common) return false;
    const std::string_view type = file_.atoms[segment[0].index()];
    if (type == "string") {
      return size.kind == Kind::kInteger && size.value >= 0 && string_fits(value, size.number());
    }
    if (!is_source(value) || !is_source(size)) return false;
    if (type == "utf8" || type == "utf16" || type == "utf32") return true;
    if (type == "append" || type == "private_append") return first && segment[2].value != 0;
    return segment[2].value != 0 && (type == "integer" || type == "float" || type == "binary");
  }

  bool string_fits(const Operand& offset, uint64_t bytes) const {
    return is_unsigned_below(offset, file_.strings.size() + 1) &&
           bytes <= file_.strings.size() - offset.number();
  }

  // What no single operand shows; of those ops that has_combination() knows.
  void check_combination() {
    const auto expect = [this](bool met, uint32_t position, const char* what) {
      if (!met) fault_ = OperandFault{position, what};
    };
    switch (instruction_.op) {
      case GenericOp::call_ext_2:
      case GenericOp::call_ext_last_3:
      case GenericOp::call_ext_only_2:
        return expect(import_arity(operands_[1]) == operands_[0].value, 0, "the import's arity");
      case GenericOp::bif0_2:
        return expect(import_arity(operands_[0]) == 0, 0, "import of arity 0");
      case GenericOp::bif1_4:
        return expect(import_arity(operands_[1]) == 1, 1, "import of arity 1");
      case GenericOp::bif2_5:
        return expect(import_arity(operands_[1]) == 2, 1, "import of arity 2");
      case GenericOp::bif3_6:
        return expect(import_arity(operands_[1]) == 3, 1, "import of arity 3");
      case GenericOp::gc_bif1_5:
        return expect(import_arity(operands_[2]) == 1, 2, "import of arity 1");
      case GenericOp::gc_bif2_6:
        return expect(import_arity(operands_[2]) == 2, 2, "import of arity 2");
      case GenericOp::gc_bif3_7:
        return expect(import_arity(operands_[2]) == 3, 2, "import of arity 3");
      case GenericOp::make_fun3_3:
        return expect(lambda_of(operands_[0]).num_free == operands_[2].index(), 2,
                      "the lambda's free variables");
      case GenericOp::bs_match_string_4:
        return expect(bits_fit(operands_[2], operands_[3]), 2, "bits within the strings");
      case GenericOp::bs_put_string_2:
        return expect(string_fits(operands_[1], operands_[0].number()), 0,
                      "bytes within the strings");
      case GenericOp::update_record_5:
        return check_update_record();
      case GenericOp::put_record_6:
        return expect(record_is_known(), 1, "record of the module, or literal");
      case GenericOp::put_tuple2_2:
        return expect(operands_[1].number() <= kMaxTupleSize, 1, "size of a tuple");
      case GenericOp::get_tuple_element_3:
        return expect(operands_[1].number() < kMaxTupleSize, 1, "index into a tuple");
      case GenericOp::set_tuple_element_3:
        return expect(operands_[2].number() < kMaxTupleSize, 2, "index into a tuple");
      case GenericOp::fmove_2:
        return expect(
            operands_[1].kind != Kind::kLiteral && (operands_[0].kind == Kind::kFloatRegister ||
                                                    operands_[1].kind == Kind::kFloatRegister),
            1, "float register on one side");
      case GenericOp::init_yregs_1:
        return expect(operands_[0].value >= 1 && operands_[0].value <= kMaxRegisters, 0,
                      "between one and all registers");
      default:
        return;
    }
  }

  void check_update_record() {
    if (operands_[1].number() > kMaxTupleSize) fault_ = OperandFault{1, "size of a tuple"};
    const auto items = code_.list_of(instruction_);
    for (size_t i = 0; i < items.size(); i += 2) {
      if (items[i].value < 1 || items[i].value > operands_[1].value) {
        return fail(i, "index within the tuple");
      }
    }
  }

  // What put_record is to make: an atom names a record of the module.
  bool record_is_known() const {
    const Operand& id = operands_[1];
    if (operands_[2].kind != Kind::kNil || id.kind == Kind::kLiteral) return true;
    return id.kind == Kind::kAtom &&
           std::any_of(file_.records.begin(), file_.records.end(),
                       [&](const RecordEntry& record) { return record.name == id.index(); });
  }

  bool bits_fit(const Operand& bits, const Operand& offset) const {
    return string_fits(offset, bits.number() / 8 + (bits.number() % 8 != 0));
  }

  int64_t import_arity(const Operand& operand) const {
    return file_.imports[operand.index()].arity;
  }
  const LambdaEntry& lambda_of(const Operand& operand) const {
    return file_.lambdas[operand.index()];
  }

  const BeamFile& file_;
  const GenericCode& code_;
  const GenericInstruction& instruction_;
  const GenericOpInfo& info_;
  std::span<const Operand> operands_;
  std::optional<OperandFault> fault_;
};

}  // namespace

const Operand* BsMatchCommand::live() const {
  const int position = shape_of(kind).live;
  if (position < 0 || arguments[position].kind != OperandKind::kUnsigned) return nullptr;
  return &arguments[position];
}

const Operand* BsMatchCommand::destination() const {
  const int position = shape_of(kind).destination;
  return position < 0 ? nullptr : &arguments[position];
}

std::optional<BsMatchCommand> take_bs_match_command(const BeamFile& file,
                                                    std::span<const Operand>& items) {
  if (items.empty() || items[0].kind != OperandKind::kAtom) return std::nullopt;
  const std::string_view name = file.atoms[items[0].index()];
  for (const CommandShape& shape : kCommands) {
    if (shape.name != name) continue;
    if (items.size() <= shape.arguments) return std::nullopt;
    const BsMatchCommand command{shape.kind, items.subspan(1, shape.arguments)};
    items = items.subspan(1 + shape.arguments);
    return command;
  }
  return std::nullopt;
}

OperandRules::OperandRules(const BeamFile& file) {
  constexpr size_t kLetters = 256;
  for (size_t letter = 0; letter < kLetters; ++letter) {
    rules_[letter].admitted = kKindRules[letter].admitted;
  }
  const auto limit = [this](char letter, uint64_t count, uint64_t least = 0) {
    rules_[static_cast<uint8_t>(letter)].least = least;
    rules_[static_cast<uint8_t>(letter)].count = count;
  };
  limit('n', kMaxArity + 1);
  limit('b', kMaxUnit + 1);
  limit('L', std::max(file.label_count, 1u) - 1, 1);
  limit('i', file.imports.size());
  limit('m', file.lambdas.size());
  limit('S', kMaxRegisters + 1);
  limit('v', kMaxRegisters + 1);
  limit('h', kMaxHeapNeed + 1);
  rules_['h'].admitted = kinds({Kind::kAllocation});
  limit('T', file.strings.size() + 1);
  limit('w', file.lines.empty() ? UINT64_MAX : file.lines.size());
  for (unsigned op = 0; op < kGenericOpCount; ++op) {
    plain_[op] =
        !has_combination(static_cast<GenericOp>(op)) && kGenericOps[op].obsolete != kOldestRelease;
  }
  // Verifier has more to say of these.
  for (const GenericOp op : {GenericOp::func_info_3, GenericOp::make_fun2_1}) {
    plain_[static_cast<size_t>(op)] = false;
  }
}

// What is no fault at the first look.
inline bool OperandRules::is_plain(const GenericCode& code,
                                   const GenericInstruction& instruction) const {
  const GenericOpInfo& info = kGenericOps[static_cast<size_t>(instruction.op)];
  if (!plain_[static_cast<size_t>(instruction.op)]) return false;
  const Operand* operands = code.operands.begin() + instruction.first;
  for (uint32_t i = 0; i < info.arity; ++i) {
    const Rule& rule = rules_[static_cast<uint8_t>(info.signature[i])];
    const Operand& operand = operands[i];
    if ((rule.admitted >> static_cast<unsigned>(operand.kind) & 1) != 0) continue;
    if (operand.kind != Kind::kUnsigned || operand.number() - rule.least >= rule.count) {
      return false;
    }
  }
  return true;
}

uint32_t OperandRules::find_doubtful(const GenericCode& code, uint32_t begin, uint32_t end) const {
  while (begin < end && is_plain(code, code.instructions[begin])) ++begin;
  return begin;
}

std::optional<OperandFault> find_operand_fault(const BeamFile& file, const GenericCode& code,
                                               const GenericInstruction& instruction) {
  return OperandChecker(file, code, instruction).run();
}

}  // namespace joist
