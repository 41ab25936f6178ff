#include "loader/emitter.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "vm/base/check.h"

namespace joist {
namespace {

// X registers behind the last one that code can name: constants that an instruction takes from
// a register only are moved there first (Registers::scratch).
constexpr size_t kScratchRegister = 1024;

size_t choice_of(char letter, const Argument& argument) {
  if (letter == 'p' || letter == 'x') {
    JOIST_CHECK(argument.is_mergeable());
    return argument.kind == Argument::Kind::kX ? argument.value : kMachineXRegisters;
  }
  switch (argument.kind) {
    case Argument::Kind::kX:
      return argument.value < kMachineXRegisters ? argument.value
                                                 : static_cast<size_t>(FieldKind::kX);
    case Argument::Kind::kY:
      return static_cast<size_t>(FieldKind::kY);
    default:
      JOIST_CHECK(letter == 's');
      return static_cast<size_t>(FieldKind::kConstant);
  }
}

// Whether a fused instruction can have the operand in the place of the letter.
bool fits_letter(char letter, const Argument& argument, const Argument& second) {
  switch (letter) {
    case 'p':
      return argument.is_mergeable();
    case 'x':
      return argument.kind == Argument::Kind::kX && argument.value < kMachineXRegisters;
    case 'y':
      return argument.kind == Argument::Kind::kY;
    case '0':
      return argument.same(Argument::x(0));
    case '=':
      return argument.same(second);
    default:
      return true;
  }
}

// By op, where the fusions that it is the first of begin in kFusions.
struct FirstFusions {
  uint8_t begin[kOpCount];
  constexpr FirstFusions() : begin() {
    for (uint8_t& place : begin) place = std::size(kFusions);
    for (size_t i = std::size(kFusions); i-- > 0;) {
      begin[static_cast<size_t>(kFusions[i].first)] = static_cast<uint8_t>(i);
    }
  }
};
static_assert(std::size(kFusions) <= UINT8_MAX);
constexpr FirstFusions kFirstFusions;

constexpr bool wants_register(char letter) { return letter == 'r' || letter == 'R'; }

// What the signature of an op says, at hand.
struct OpForm {
  uint8_t count = 0;            // of operands
  bool wants_register = false;  // one of them
  uint8_t choices[kMaxOperands] = {};
  FieldKind kind[kMaxOperands] = {};  // of operands without a choice
};

constexpr auto kOpForms = [] {
  std::array<OpForm, kOpCount> forms = {};
  for (size_t op = 0; op < kOpCount; ++op) {
    OpForm& form = forms[op];
    for (const char* letter = kOpInfo[op].signature; *letter != '\0'; ++letter) {
      if (wants_register(*letter)) form.wants_register = true;
      form.kind[form.count] = kind_of_choice(*letter, 0);
      form.choices[form.count++] = static_cast<uint8_t>(choice_count(*letter));
    }
  }
  return forms;
}();
const OpForm& form_of(Op op) { return kOpForms[static_cast<size_t>(op)]; }

bool begins_fusion(Op op) {
  return kFirstFusions.begin[static_cast<size_t>(op)] != std::size(kFusions);
}

}  // namespace

uint16_t Argument::code() const {
  JOIST_CHECK(is_register());
  return kind == Kind::kX ? x_code(value) : y_code(value);
}

Word Argument::source() const { return is_register() ? source_of_register(code()) : value; }

void Emitter::emit(Op op, std::initializer_list<Argument> given, std::span<const ListCell> list) {
  if (!form_of(op).wants_register) return emit_in_place(op, {given.begin(), given.size()}, list);
  const char* signature = op_info(op).signature;
  Argument arguments[kMaxOperands];
  size_t count = 0;
  size_t scratch = kScratchRegister;
  for (Argument argument : given) {
    if (wants_register(signature[count]) && argument.kind == Argument::Kind::kConstant) {
      const Argument place = Argument::x(scratch++);
      emit(Op::move, {argument, place});
      argument = place;
    }
    arguments[count++] = argument;
  }
  emit_in_place(op, {arguments, count}, list);
}

void Emitter::emit_in_place(Op op, std::span<const Argument> arguments,
                            std::span<const ListCell> list) {
  if (list.empty() && latest_.fusable && fuse(op, arguments)) return;
  encode(op, arguments, list);
}

// Rewrites the latest instruction as one of itself and `op`. False: there is no such fusion.
bool Emitter::fuse(Op op, std::span<const Argument> arguments) {
  const size_t begin = kFirstFusions.begin[static_cast<size_t>(latest_.op)];
  for (const Fusion& fusion : std::span(kFusions).subspan(begin)) {
    if (fusion.first != latest_.op || fusion.second != op) continue;
    const char* signature = op_info(fusion.fused).signature;
    Argument all[kMaxOperands];
    size_t count = 0;
    bool fits = form_of(fusion.fused).count == latest_.count + arguments.size();
    for (const auto part :
         {std::span<const Argument>(latest_.arguments, latest_.count), arguments}) {
      for (const Argument& argument : part) {
        fits = fits && fits_letter(signature[count], argument, all[1]);
        if (fits) all[count++] = argument;
      }
    }
    if (!fits) continue;
    const Op first = latest_.op;
    size_ = latest_.start;
    fixups_.resize(latest_.fixups);
    if (fused_.first == Op::kCount || latest_.start < fused_.start) fused_ = {latest_.start, first};
    encode(fusion.fused, {all, count}, {});
    return true;
  }
  return false;
}

void Emitter::encode(Op op, std::span<const Argument> arguments, std::span<const ListCell> list) {
  latest_.fusable = list.empty() && begins_fusion(op);
  if (latest_.fusable) {
    latest_.op = op;
    latest_.start = position();
    latest_.fixups = fixups_.size();
    latest_.count = arguments.size();
    std::copy(arguments.begin(), arguments.end(), latest_.arguments);
  }
  if (counting_) put_instruction(Op::count, {{Argument::number(static_cast<Word>(op))}}, {});
  put_instruction(op, arguments, list);
}

Cell* Emitter::add_cells(size_t count) {
  if (count > capacity_ - size_) {
    constexpr size_t kFirstCapacity = 256;
    const size_t capacity = std::max({kFirstCapacity, size_t{capacity_} * 2, size_ + count});
    auto larger = std::make_unique_for_overwrite<Cell[]>(capacity);
    std::copy_n(cells_.get(), size_, larger.get());
    cells_ = std::move(larger);
    capacity_ = static_cast<uint32_t>(capacity);
  }
  Cell* added = &cells_[size_];
  std::fill_n(added, count, 0);
  size_ += static_cast<uint32_t>(count);
  return added;
}

void Emitter::put_instruction(Op op, std::span<const Argument> arguments,
                              std::span<const ListCell> list) {
  const OpForm& form = form_of(op);
  const char* signature = op_info(op).signature;
  size_t combination = 0;
  Layout layout;
  layout.count = form.count;
  for (size_t i = 0; i < form.count; ++i) {
    layout.kind[i] = form.kind[i];
    if (form.choices[i] == 1) continue;
    const size_t choice = choice_of(signature[i], arguments[i]);
    combination = combination * form.choices[i] + choice;
    layout.kind[i] = kind_of_choice(signature[i], choice);
  }
  place_fields(layout);
  const uint32_t start = position();
  Cell* cells = add_cells(layout.cells + list.size());
  cells[0] = handlers_.handlers[static_cast<size_t>(op)][combination];
  for (size_t i = 0; i < layout.count; ++i) {
    const Argument argument =
        layout.kind[i] == FieldKind::kList ? Argument::number(list.size()) : arguments[i];
    put_field(start, layout.kind[i], layout.offset[i], argument);
  }
  for (size_t i = 0; i < list.size(); ++i) {
    const auto cell = static_cast<uint32_t>(layout.cells + i);
    if (list[i].is_label) {
      fixups_.push_back({start, cell * 8, static_cast<uint32_t>(list[i].value), true});
    } else {
      cells[cell] = list[i].value;
    }
  }
}

void Emitter::put_field(uint32_t instruction, FieldKind kind, size_t offset,
                        const Argument& argument) {
  auto* bytes = reinterpret_cast<uint8_t*>(&cells_[instruction]) + offset;
  const auto put = [bytes](auto value) { std::memcpy(bytes, &value, sizeof value); };
  switch (kind) {
    case FieldKind::kX0:
    case FieldKind::kX1:
    case FieldKind::kX2:
    case FieldKind::kX3:
    case FieldKind::kSame:
      return;
    case FieldKind::kX:
    case FieldKind::kY:
    case FieldKind::kAnyRegister:
    case FieldKind::kAnyDestination:
      return put(argument.code());
    case FieldKind::kFloat:
      return put(static_cast<uint16_t>(argument.value));
    case FieldKind::kUnsigned16:
      JOIST_CHECK(argument.value <= UINT16_MAX);
      return put(static_cast<uint16_t>(argument.value));
    case FieldKind::kUnsigned32:
    case FieldKind::kList:
      JOIST_CHECK(argument.value <= UINT32_MAX);
      return put(static_cast<uint32_t>(argument.value));
    case FieldKind::kAnySource:
      return put(argument.source());
    case FieldKind::kConstant:
    case FieldKind::kWord:
      return put(argument.value);
    case FieldKind::kLabel:
    case FieldKind::kLabelOrNone:
      if (argument.value != 0) {
        fixups_.push_back({instruction, static_cast<uint32_t>(offset),
                           static_cast<uint32_t>(argument.value), false});
      }
      return;
  }
}

bool Emitter::resolve() {
  for (const Fixup& fixup : fixups_) {
    const uint32_t target = labels_[own_.index(fixup.label)];
    if (target == kUndefined) {
      if (fixup.wide) return false;
      outside_.push_back({fixup.instruction, fixup.offset, fixup.label});
      continue;
    }
    const int64_t distance = (int64_t{target} - fixup.instruction) * 8;
    auto* bytes = reinterpret_cast<uint8_t*>(&cells_[fixup.instruction]) + fixup.offset;
    if (fixup.wide) {
      std::memcpy(bytes, &distance, sizeof distance);
    } else {
      const auto narrow = static_cast<int32_t>(distance);
      if (narrow != distance) return false;
      std::memcpy(bytes, &narrow, sizeof narrow);
    }
  }
  return true;
}

}  // namespace joist
