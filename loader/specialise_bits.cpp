// Bit syntax.
#include <string_view>

#include "loader/specialise.h"
#include "loader/verify_operands.h"
#include "vm/code/segment.h"
#include "vm/term/atom.h"

namespace joist {
namespace {

constexpr size_t kScratchX = 1026;  // a destination nobody reads: skipped characters

Word number_of(const Operand& operand) { return static_cast<Word>(operand.value); }

// The head of a segment of a fixed size, with the type of a short one where it is.
Word short_segment(Word head, Word bits) {
  const bool little = segment_little(segment_head_flags(head)) && bits > 8;
  const bool integer = head % 256 == static_cast<Word>(SegmentType::kInteger);
  if (!integer || bits == 0 || bits > kShortSegmentBits || (little && bits % 8 != 0)) return head;
  const SegmentType type = little ? SegmentType::kShortLittle : SegmentType::kShort;
  return (head & ~Word{0xff}) | static_cast<Word>(type);
}

}  // namespace

bool Specialiser::is_all(const Operand& operand) const {
  return operand.kind == OperandKind::kAtom && terms_.atoms[operand.index()] == atoms::all;
}

// Bits of a segment whose size is a constant, if they fit the field; else none.
std::optional<Word> Specialiser::fixed_bits(const Operand& size, const Operand& unit) const {
  if (size.kind != OperandKind::kInteger || size.value < 0 || size.value > (1 << 20)) return {};
  return static_cast<Word>(size.value) * number_of(unit);
}

void Specialiser::bits_instruction(const GenericInstruction& i, Operands o) {
  const auto number = [&](size_t n) { return Argument::number(number_of(o[n])); };
  const auto flags = [&](size_t unit, size_t flag) {
    return Argument::number(segment_flags(number_of(o[unit]), number_of(o[flag])));
  };
  switch (i.op) {
    case GenericOp::bs_start_match4_4:
      return out_.emit(Op::bs_start_match,
                       {label(o[0]), argument(o[2]), argument(o[3]), number(1)});
    case GenericOp::bs_get_integer2_7:
      if (const auto bits = fixed_bits(o[3], o[4])) {
        return out_.emit(Op::bs_get_fixed, {label(o[0]), argument(o[1]), Argument::number(*bits),
                                            flags(4, 5), argument(o[6]), number(2)});
      }
      return out_.emit(Op::bs_get_integer, {label(o[0]), argument(o[1]), argument(o[3]),
                                            flags(4, 5), argument(o[6]), number(2)});
    case GenericOp::bs_get_float2_7:
      return out_.emit(Op::bs_get_float, {label(o[0]), argument(o[1]), argument(o[3]), flags(4, 5),
                                          argument(o[6]), number(2)});
    case GenericOp::bs_get_binary2_7:
      if (is_all(o[3])) {
        return out_.emit(Op::bs_get_binary_all,
                         {label(o[0]), argument(o[1]), number(4), argument(o[6]), number(2)});
      }
      return out_.emit(Op::bs_get_binary, {label(o[0]), argument(o[1]), argument(o[3]), flags(4, 5),
                                           argument(o[6]), number(2)});
    case GenericOp::bs_skip_bits2_5:
      if (is_all(o[2])) {
        return out_.emit(Op::bs_skip_all, {label(o[0]), argument(o[1]), number(3)});
      }
      if (const auto bits = fixed_bits(o[2], o[3])) {
        return out_.emit(Op::bs_skip_fixed, {label(o[0]), argument(o[1]), Argument::number(*bits)});
      }
      return out_.emit(Op::bs_skip, {label(o[0]), argument(o[1]), argument(o[2]), flags(3, 4)});
    case GenericOp::bs_test_tail2_3:
      return out_.emit(Op::bs_test_tail, {label(o[0]), argument(o[1]), number(2)});
    case GenericOp::bs_test_unit_3:
      return out_.emit(Op::bs_test_unit, {label(o[0]), argument(o[1]), number(2)});
    case GenericOp::bs_match_string_4:
      return out_.emit(Op::bs_match_string, {label(o[0]), argument(o[1]), number(2),
                                             Argument::address(terms_.strings + o[3].index())});
    case GenericOp::bs_get_utf8_5:
      return out_.emit(Op::bs_get_utf8, {label(o[0]), argument(o[1]), argument(o[4])});
    case GenericOp::bs_skip_utf8_4:
      return out_.emit(Op::bs_get_utf8, {label(o[0]), argument(o[1]), Argument::x(kScratchX)});
    case GenericOp::bs_get_utf16_5:
      return out_.emit(Op::bs_get_utf16,
                       {label(o[0]), argument(o[1]),
                        Argument::number(segment_flags(1, number_of(o[3]))), argument(o[4])});
    case GenericOp::bs_skip_utf16_4:
      return out_.emit(Op::bs_get_utf16, {label(o[0]), argument(o[1]),
                                          Argument::number(segment_flags(1, number_of(o[3]))),
                                          Argument::x(kScratchX)});
    case GenericOp::bs_get_utf32_5:
      return out_.emit(Op::bs_get_utf32,
                       {label(o[0]), argument(o[1]),
                        Argument::number(segment_flags(1, number_of(o[3]))), argument(o[4])});
    case GenericOp::bs_skip_utf32_4:
      return out_.emit(Op::bs_get_utf32, {label(o[0]), argument(o[1]),
                                          Argument::number(segment_flags(1, number_of(o[3]))),
                                          Argument::x(kScratchX)});
    case GenericOp::bs_get_tail_3:
      return out_.emit(Op::bs_get_tail, {argument(o[0]), argument(o[1]), number(2)});
    case GenericOp::bs_get_position_3:
      return out_.emit(Op::bs_get_position, {argument(o[0]), argument(o[1])});
    case GenericOp::bs_set_position_2:
      return out_.emit(Op::bs_set_position, {argument(o[0]), argument(o[1])});
    case GenericOp::bs_match_3:
      return bs_match(o, code_.list_of(i));
    default:
      return build_bits_instruction(i, o);
  }
}

void Specialiser::bs_match(Operands o, Operands commands) {
  const Argument fail = label(o[0]);
  const Argument context = argument(o[1]);
  while (!commands.empty()) {
    const auto command = take_bs_match_command(file_, commands);
    if (!command) fatal("bs_match command in verified code");
    const Operands a = command->arguments;
    const auto number = [&](size_t n) { return Argument::number(number_of(a[n])); };
    switch (command->kind) {
      case BsMatchCommand::Kind::kEnsureAtLeast:
        out_.emit(Op::bs_ensure_at_least, {fail, context, number(0), number(1)});
        break;
      case BsMatchCommand::Kind::kEnsureExactly:
        out_.emit(Op::bs_ensure_exactly, {fail, context, number(0)});
        break;
      case BsMatchCommand::Kind::kInteger: {
        // Live, flags, size, unit, destination
        const Word bits = number_of(a[2]) * number_of(a[3]);
        out_.emit(Op::bs_take_integer, {context, Argument::number(bits),
                                        Argument::number(segment_flags(1, match_flags(a[1]))),
                                        argument(a[4]), number(0)});
        break;
      }
      case BsMatchCommand::Kind::kBinary:
        out_.emit(Op::bs_take_binary, {context, Argument::number(number_of(a[2]) * number_of(a[3])),
                                       argument(a[4]), number(0)});
        break;
      case BsMatchCommand::Kind::kSkip:
        out_.emit(Op::bs_take_skip, {context, number(0)});
        break;
      case BsMatchCommand::Kind::kGetTail:
        out_.emit(Op::bs_get_tail, {context, argument(a[2]), number(0)});
        break;
      case BsMatchCommand::Kind::kEqual:
        out_.emit(Op::bs_take_equal, {fail, context, number(1), argument(a[2])});
        break;
    }
  }
}

Word Specialiser::match_flags(const Operand& operand) const {
  if (operand.kind == OperandKind::kNil) return 0;
  Word flags = 0;
  for (Term list = constant(operand); list.is_list(); list = list.tail()) {
    if (list.head() == atoms::little || list.head() == atoms::native) flags |= kSegmentLittle;
    if (list.head() == atoms::signed_) flags |= kSegmentSigned;
  }
  return flags;
}

void Specialiser::bs_create_bin(const GenericInstruction& i, Operands o) {
  struct Row {
    Term name;
    SegmentType type;
  };
  static constexpr Row kTypes[] = {
      {atoms::integer, SegmentType::kInteger},
      {atoms::float_, SegmentType::kFloat},
      {atoms::binary, SegmentType::kBinary},
      {atoms::append, SegmentType::kAppend},
      {atoms::private_append, SegmentType::kPrivateAppend},
      {atoms::string, SegmentType::kString},
      {atoms::utf8, SegmentType::kUtf8},
      {atoms::utf16, SegmentType::kUtf16},
      {atoms::utf32, SegmentType::kUtf32},
  };
  std::vector<ListCell> cells;
  Word fixed_total = 0;
  Operands list = code_.list_of(i);
  for (; !list.empty(); list = list.subspan(kCreateBinSegment)) {
    SegmentType type = SegmentType::kInteger;
    for (const Row& row : kTypes) {
      if (row.name == terms_.atoms[list[0].index()]) type = row.type;
    }
    if (type == SegmentType::kBinary && is_all(list[5])) type = SegmentType::kBinaryAll;
    const Word head = segment_head(type, segment_flags(number_of(list[2]), match_flags(list[3])),
                                   number_of(list[1]));
    const auto bits = fixed_bits(list[5], list[2]);
    const bool sized = type == SegmentType::kInteger || type == SegmentType::kFloat ||
                       type == SegmentType::kBinary;
    if (type == SegmentType::kString) {
      cells.push_back(ListCell::word(head | kFixedSegment));
      cells.push_back(ListCell::word(reinterpret_cast<Word>(terms_.strings + list[4].index())));
      cells.push_back(ListCell::word(number_of(list[5])));
      fixed_total += number_of(list[5]) * 8;
    } else if (sized && bits && fixed_total + *bits < (Word{1} << 31)) {
      cells.push_back(ListCell::word(short_segment(head, *bits) | kFixedSegment));
      cells.push_back(ListCell::source(argument(list[4])));
      cells.push_back(ListCell::word(*bits));
      fixed_total += *bits;
    } else {
      cells.push_back(ListCell::word(head));
      cells.push_back(ListCell::source(argument(list[4])));
      cells.push_back(ListCell::source(argument(list[5])));
    }
  }
  out_.emit(Op::bs_create_bin,
            {label(o[0]), Argument::number(heap_words(o[1])), Argument::number(fixed_total),
             argument(o[4]), Argument::number(number_of(o[2]))},
            cells);
}

void Specialiser::build_bits_instruction(const GenericInstruction& i, Operands o) {
  const auto number = [&](size_t n) { return Argument::number(number_of(o[n])); };
  const auto flags = [&](size_t unit, size_t flag) {
    return Argument::number(segment_flags(number_of(o[unit]), number_of(o[flag])));
  };
  const auto size = [&](size_t n) {
    return o[n].is_register() ? argument(o[n]) : Argument::constant(constant(o[n]));
  };
  switch (i.op) {
    case GenericOp::bs_create_bin_6:
      return bs_create_bin(i, o);
    case GenericOp::bs_init2_6:
    case GenericOp::bs_init_bits_6:
      if (o[1].kind == OperandKind::kOverflow) {
        return out_.emit(Op::system_limit, {label(o[0])});
      }
      return out_.emit(
          Op::bs_init,
          {label(o[0]), size(1), Argument::number(i.op == GenericOp::bs_init2_6 ? 8 : 1),
           Argument::number(heap_words(o[2])), argument(o[5]), number(3)});
    case GenericOp::bs_append_8:
      return out_.emit(Op::bs_append,
                       {label(o[0]), argument(o[1]), argument(o[5]), number(4),
                        Argument::number(heap_words(o[2])), argument(o[7]), number(3)});
    case GenericOp::bs_private_append_6:
      return out_.emit(Op::bs_append,
                       {label(o[0]), argument(o[1]), argument(o[3]), number(2), Argument::number(0),
                        argument(o[5]), Argument::number(kNoCollection)});
    case GenericOp::bs_init_writable_0:
      return out_.emit(Op::bs_init_writable, {});
    case GenericOp::bs_add_5:
      return out_.emit(Op::bs_add,
                       {label(o[0]), argument(o[1]), argument(o[2]), number(3), argument(o[4])});
    case GenericOp::bs_utf8_size_3:
      return out_.emit(Op::bs_utf8_size, {argument(o[1]), argument(o[2])});
    case GenericOp::bs_utf16_size_3:
      return out_.emit(Op::bs_utf16_size, {argument(o[1]), argument(o[2])});
    case GenericOp::bs_put_integer_5:
      return out_.emit(Op::bs_put_integer,
                       {label(o[0]), argument(o[1]), argument(o[4]), flags(2, 3)});
    case GenericOp::bs_put_float_5:
      return out_.emit(Op::bs_put_float,
                       {label(o[0]), argument(o[1]), argument(o[4]), flags(2, 3)});
    case GenericOp::bs_put_binary_5:
      if (is_all(o[1])) {
        return out_.emit(Op::bs_put_binary_all, {label(o[0]), argument(o[4]), number(2)});
      }
      return out_.emit(Op::bs_put_binary,
                       {label(o[0]), argument(o[1]), argument(o[4]), flags(2, 3)});
    case GenericOp::bs_put_string_2:
      return out_.emit(Op::bs_put_string,
                       {number(0), Argument::address(terms_.strings + o[1].index())});
    case GenericOp::bs_put_utf8_3:
      return out_.emit(Op::bs_put_utf8, {label(o[0]), argument(o[2])});
    case GenericOp::bs_put_utf16_3:
      return out_.emit(
          Op::bs_put_utf16,
          {label(o[0]), Argument::number(segment_flags(1, number_of(o[1]))), argument(o[2])});
    case GenericOp::bs_put_utf32_3:
      return out_.emit(
          Op::bs_put_utf32,
          {label(o[0]), Argument::number(segment_flags(1, number_of(o[1]))), argument(o[2])});
    default:
      fatal("generic instruction %s reached the back end", generic_op_info(i.op).name);
  }
}

}  // namespace joist
