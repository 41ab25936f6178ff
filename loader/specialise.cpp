#include "loader/specialise.h"

#include <algorithm>

#include "loader/select_hash.h"
#include "vm/term/atom.h"

namespace joist {

Term ModuleTerms::constant(const Operand& operand) const {
  switch (operand.kind) {
    case OperandKind::kNil:
      return Term::nil();
    case OperandKind::kAtom:
      return atoms[operand.index()];
    case OperandKind::kLiteral:
      return literals[operand.index()];
    case OperandKind::kBigInteger:
      return big_integers[operand.index()];
    case OperandKind::kInteger:
    case OperandKind::kUnsigned:
      if (Term::fits_small(operand.value)) return Term::small(operand.value);
      return wide_integers.at(operand.value);
    default:
      fatal("operand kind %d is no constant", static_cast<int>(operand.kind));
  }
}

Argument Specialiser::argument(const Operand& operand) const {
  switch (operand.kind) {
    case OperandKind::kX:
      return Argument::x(operand.index());
    case OperandKind::kY:
      return Argument::y(operand.index());
    case OperandKind::kFloatRegister:
      return Argument::float_register(operand.index());
    default:
      return Argument::constant(constant(operand));
  }
}

Argument Specialiser::label(const Operand& operand) const {
  return Argument::label(operand.kind == OperandKind::kLabel ? operand.index() : 0);
}

size_t Specialiser::heap_words(const Operand& need) const {
  const Allocation allocation = code_.allocation(need);
  return allocation.words + allocation.floats * kBoxedFloatWords +
         allocation.funs * (1 + kLocalFunFixedWords);
}

std::vector<ListCell> Specialiser::sources(Operands list) const {
  std::vector<ListCell> cells;
  for (const Operand& operand : list) cells.push_back(ListCell::source(argument(operand)));
  return cells;
}

void Specialiser::clear_frame(uint32_t size) {
  if (size == 0) return;
  std::vector<ListCell> cells;
  for (uint32_t slot = 0; slot < size; ++slot) cells.push_back(ListCell::word(slot));
  out_.emit(Op::init_ys, {}, cells);
}

const GenericInstruction* Specialiser::following(size_t index) const {
  return index + 1 < code_.instructions.size() ? &code_.instructions[index + 1] : nullptr;
}

void Specialiser::run(PreparedFunction& function) {
  uint32_t line = UINT32_MAX;
  for (size_t i = 0; i < code_.instructions.size(); i += 1 + skip_) {
    skip_ = 0;
    const GenericInstruction& instruction = code_.instructions[i];
    if (instruction.op == GenericOp::int_code_end_0) break;
    if (instruction.op == GenericOp::func_info_3) line = UINT32_MAX;
    if (instruction.op != GenericOp::label_1 && line_of(i) != line) {
      line = line_of(i);
      const LineEntry position = line < file_.lines.size() ? file_.lines[line] : LineEntry{0, 0};
      lines_.push_back({out_.position(), position.file, position.line});
    }
    this->instruction(i);
    place_line(out_.take_fused());
  }
  function.entry = out_.position_of(code_.functions[0].entry_label);
  // A native library puts a stub of two cells at the entry (vm/nif/library.h).
  while (out_.position() < function.entry + Module::kStubCells) out_.emit(Op::code_end, {});
  function.lines = std::move(lines_);
}

// After a fusion: a line that began behind what the fused instruction was before. That one cannot
// be blamed for anything, so the line is that of the whole; but operators can, and what they are
// fused with cannot.
void Specialiser::place_line(const Emitter::Fused& fused) {
  if (lines_.empty() || lines_.back().cell <= fused.start) return;
  const bool is_operator = fused.first == Op::add || fused.first == Op::subtract;
  lines_.back().cell = is_operator ? out_.position() : fused.start;
}

void Specialiser::test(Op op, Operands o) { out_.emit(op, {label(o[0]), argument(o[1])}); }

// Immediates other than floats are compared as words.
void Specialiser::exact_comparison(bool equal, Operands o) {
  Argument a = argument(o[1]);
  Argument b = argument(o[2]);
  if (!a.is_register()) std::swap(a, b);
  const Term word = Term::from_bits(b.value);
  if (!b.is_register() && !word.is_pointer() && !word.is_word_float()) {
    if (word.is_nil() && equal) return out_.emit(Op::is_nil, {label(o[0]), a});
    return out_.emit(equal ? Op::is_eq_immediate : Op::is_ne_immediate, {label(o[0]), a, b});
  }
  out_.emit(equal ? Op::is_eq_exact : Op::is_ne_exact, {label(o[0]), a, b});
}

void Specialiser::tuple_test(Operands o) {
  const Word header = make_header(Boxed::kTuple, o[2].index());
  if (header > UINT32_MAX) fatal("tuple arity in code");
  out_.emit(Op::test_arity, {label(o[0]), argument(o[1]), Argument::number(header)});
}

void Specialiser::select_value(Operands o, Operands list) {
  struct Choice {
    Word word;
    size_t label;
  };
  std::vector<Choice> choices;
  bool words = true;
  bool smalls = true;
  for (size_t i = 0; i < list.size(); i += 2) {
    const Term value = constant(list[i]);
    choices.push_back({value.bits(), list[i + 1].index()});
    words = words && !value.is_pointer() && !value.is_word_float();
    smalls = smalls && value.is_small();
  }
  const Argument value = argument(o[0]);
  const Argument other = label(o[1]);
  if (words && choices.size() == 1) {
    const Argument wanted = Argument::constant(Term::from_bits(choices[0].word));
    out_.emit(Op::is_eq_immediate, {other, value, wanted});
    return out_.emit(Op::jump, {Argument::label(choices[0].label)});
  }
  std::vector<ListCell> cells;
  if (smalls) {
    const auto less = [](const Choice& a, const Choice& b) {
      return static_cast<int64_t>(a.word) < static_cast<int64_t>(b.word);
    };
    std::sort(choices.begin(), choices.end(), less);
    const int64_t first = Term::from_bits(choices.front().word).small_value();
    const int64_t last = Term::from_bits(choices.back().word).small_value();
    const auto width = static_cast<Word>(last) - static_cast<Word>(first);
    if (width < choices.size() * 3 + 2) {
      size_t next = 0;
      for (Word i = 0; i <= width; ++i) {
        const bool hit =
            Term::from_bits(choices[next].word).small_value() == first + static_cast<int64_t>(i);
        cells.push_back(ListCell::label(hit ? choices[next].label : other.value));
        if (hit) ++next;
      }
      return out_.emit(Op::jump_table, {value, other, Argument::number(static_cast<Word>(first))},
                       cells);
    }
  }
  if (words) {
    std::sort(choices.begin(), choices.end(),
              [](const Choice& a, const Choice& b) { return a.word < b.word; });
    if (choices.size() > 2) {
      std::vector<Word> values;
      for (const Choice& choice : choices) values.push_back(choice.word);
      // No value ends like the header of a filler.
      const Word nothing = make_header(Boxed::kFiller, 0);
      const SelectHash hash = find_select_hash(values);
      cells.push_back(ListCell::word(hash.mask));
      cells.push_back(ListCell::word(hash.factor));
      for (const size_t place : hash.places) {
        const bool taken = place != SelectHash::kNobody;
        cells.push_back(ListCell::word(taken ? values[place] : nothing));
        cells.push_back(ListCell::label(taken ? choices[place].label : other.value));
      }
      return out_.emit(Op::select_immediate, {value, other}, cells);
    }
  }
  for (const Choice& choice : choices) cells.push_back(ListCell::word(choice.word));
  for (const Choice& choice : choices) cells.push_back(ListCell::label(choice.label));
  out_.emit(words ? Op::select_few : Op::select_exact, {value, other}, cells);
}

void Specialiser::select_arity(Operands o, Operands list) {
  std::vector<ListCell> cells;
  for (size_t i = 0; i < list.size(); i += 2) {
    cells.push_back(ListCell::word(make_header(Boxed::kTuple, list[i].index())));
  }
  for (size_t i = 0; i < list.size(); i += 2) cells.push_back(ListCell::label(list[i + 1].index()));
  out_.emit(Op::select_arity, {argument(o[0]), label(o[1])}, cells);
}

// A move cannot fail, and may be merged with the instruction behind it: that one's line counts.
uint32_t Specialiser::line_of(size_t index) const {
  while (code_.instructions[index].op == GenericOp::move_2 &&
         index + 1 < code_.instructions.size() &&
         code_.instructions[index + 1].op != GenericOp::label_1) {
    ++index;
  }
  return code_.instructions[index].line;
}

// A move, merged with a second one or with the call or return behind it.
void Specialiser::move(size_t index) {
  const Operands o = code_.operands_of(code_.instructions[index]);
  const Argument from = argument(o[0]);
  const Argument to = argument(o[1]);
  const bool mergeable = from.is_mergeable() && to.is_mergeable();
  const GenericInstruction* next = following(index);
  const Operands n = next == nullptr ? Operands() : code_.operands_of(*next);
  const GenericOp op = next == nullptr ? GenericOp::none : next->op;
  skip_ = 1;
  if (op == GenericOp::move_2 && mergeable && argument(n[0]).is_mergeable() &&
      argument(n[1]).is_mergeable()) {
    return out_.emit(Op::move_2, {from, to, argument(n[0]), argument(n[1])});
  }
  if (op == GenericOp::call_2 && mergeable) {
    return out_.emit(Op::move_call, {from, to, label(n[1])});
  }
  if (op == GenericOp::call_last_3 && mergeable) {
    return out_.emit(Op::move_call_last, {from, to, label(n[1]), Argument::number(n[2].index())});
  }
  if (op == GenericOp::call_only_2) {
    return out_.emit(Op::move_call_only, {from, to, label(n[1])});
  }
  if (to.same(Argument::x(0))) {
    if (op == GenericOp::return_0) return out_.emit(Op::move_ret, {from});
    const GenericInstruction* last = following(index + 1);
    if (op == GenericOp::deallocate_1 && last != nullptr && last->op == GenericOp::return_0) {
      skip_ = 2;
      return out_.emit(Op::move_deallocate_ret, {from, Argument::number(n[0].index())});
    }
  }
  skip_ = 0;
  out_.emit(Op::move, {from, to});
}

// Two elements of one tuple, unless the first one taken overwrites the tuple's register.
void Specialiser::tuple_element(size_t index) {
  const auto offset = [](const Operand& position) {
    return Argument::number((position.index() + Word{1}) * 8);
  };
  const Operands o = code_.operands_of(code_.instructions[index]);
  const GenericInstruction* next = following(index);
  if (next != nullptr && next->op == GenericOp::get_tuple_element_3) {
    const Operands n = code_.operands_of(*next);
    if (n[0].same(o[0]) && !o[2].same(o[0])) {
      skip_ = 1;
      return out_.emit(Op::get_tuple_elements_2, {argument(o[0]), offset(o[1]), argument(o[2]),
                                                  offset(n[1]), argument(n[2])});
    }
  }
  out_.emit(Op::get_tuple_element, {argument(o[0]), offset(o[1]), argument(o[2])});
}

void Specialiser::instruction(size_t index) {
  const GenericInstruction& i = code_.instructions[index];
  const Operands o = code_.operands_of(i);
  const auto number = [&](size_t n) { return Argument::number(static_cast<Word>(o[n].value)); };
  switch (i.op) {
    case GenericOp::label_1:
      return out_.define_label(o[0].index());
    case GenericOp::func_info_3:
      return out_.emit(Op::func_info, {argument(o[0]), argument(o[1]), number(2)});
    case GenericOp::int_code_end_0:
      return;
    case GenericOp::jump_1:
      return out_.emit(Op::jump, {label(o[0])});

    case GenericOp::move_2:
      return move(index);
    case GenericOp::swap_2:
      return out_.emit(Op::swap, {argument(o[0]), argument(o[1])});
    case GenericOp::init_yregs_1: {
      const Operands list = code_.list_of(i);
      if (list.size() == 1) return out_.emit(Op::init_y, {Argument::number(list[0].index())});
      std::vector<ListCell> cells;
      for (const Operand& slot : list) cells.push_back(ListCell::word(slot.index()));
      return out_.emit(Op::init_ys, {}, cells);
    }
    case GenericOp::put_list_3:
      return out_.emit(Op::put_list, {argument(o[0]), argument(o[1]), argument(o[2])});
    case GenericOp::get_list_3:
      return out_.emit(Op::get_list, {argument(o[0]), argument(o[1]), argument(o[2])});
    case GenericOp::get_hd_2:
      return out_.emit(Op::get_hd, {argument(o[0]), argument(o[1])});
    case GenericOp::get_tl_2:
      return out_.emit(Op::get_tl, {argument(o[0]), argument(o[1])});
    case GenericOp::get_tuple_element_3:
      return tuple_element(index);
    case GenericOp::set_tuple_element_3:
      return out_.emit(Op::set_tuple_element, {argument(o[0]), argument(o[1]),
                                               Argument::number((o[2].index() + Word{1}) * 8)});
    case GenericOp::put_tuple2_2:
      if (const Operands list = code_.list_of(i); list.size() == 2) {
        return out_.emit(Op::put_tuple_2, {argument(list[0]), argument(list[1]), argument(o[0])});
      } else if (list.size() == 3) {
        return out_.emit(Op::put_tuple_3,
                         {argument(list[0]), argument(list[1]), argument(list[2]), argument(o[0])});
      }
      return out_.emit(Op::put_tuple, {argument(o[0])}, sources(code_.list_of(i)));
    case GenericOp::update_record_5: {
      std::vector<ListCell> cells;
      const Operands list = code_.list_of(i);
      for (size_t k = 0; k < list.size(); k += 2) {
        cells.push_back(ListCell::word(list[k].index()));
        cells.push_back(ListCell::source(argument(list[k + 1])));
      }
      return out_.emit(Op::update_record, {argument(o[2]), number(1), argument(o[3])}, cells);
    }

    case GenericOp::is_integer_2:
      return test(Op::is_integer, o);
    case GenericOp::is_float_2:
      return test(Op::is_float, o);
    case GenericOp::is_number_2:
      return test(Op::is_number, o);
    case GenericOp::is_atom_2:
      return test(Op::is_atom, o);
    case GenericOp::is_boolean_2:
      return test(Op::is_boolean, o);
    case GenericOp::is_pid_2:
      return test(Op::is_pid, o);
    case GenericOp::is_port_2:
      return test(Op::is_port, o);
    case GenericOp::is_reference_2:
      return test(Op::is_reference, o);
    case GenericOp::is_nil_2:
      return test(Op::is_nil, o);
    case GenericOp::is_list_2:
      return test(Op::is_list, o);
    case GenericOp::is_nonempty_list_2:
      return test(Op::is_nonempty_list, o);
    case GenericOp::is_tuple_2: {
      // is_tuple and test_arity of the same register on the same label are one test.
      const GenericInstruction* next = following(index);
      if (next != nullptr && next->op == GenericOp::test_arity_3) {
        const Operands n = code_.operands_of(*next);
        if (n[0].same(o[0]) && n[1].same(o[1])) {
          skip_ = 1;
          return out_.emit(Op::is_tuple_of_arity,
                           {label(o[0]), argument(o[1]),
                            Argument::number(make_header(Boxed::kTuple, n[2].index()))});
        }
      }
      return test(Op::is_tuple, o);
    }
    case GenericOp::is_map_2:
      return test(Op::is_map, o);
    case GenericOp::is_binary_2:
      return test(Op::is_binary, o);
    case GenericOp::is_bitstr_2:
      return test(Op::is_bitstring, o);
    case GenericOp::is_function_2:
      return test(Op::is_function, o);
    case GenericOp::is_function2_3:
      return out_.emit(Op::is_function2, {label(o[0]), argument(o[1]), argument(o[2])});
    case GenericOp::test_arity_3:
      return tuple_test(o);
    case GenericOp::is_tagged_tuple_4:
      return out_.emit(
          Op::is_tagged_tuple,
          {label(o[0]), argument(o[1]), Argument::number(make_header(Boxed::kTuple, o[2].index())),
           argument(o[3])});
    case GenericOp::is_lt_3:
      return out_.emit(Op::is_lt, {label(o[0]), argument(o[1]), argument(o[2])});
    case GenericOp::is_ge_3:
      return out_.emit(Op::is_ge, {label(o[0]), argument(o[1]), argument(o[2])});
    case GenericOp::is_eq_3:
      return out_.emit(Op::is_eq, {label(o[0]), argument(o[1]), argument(o[2])});
    case GenericOp::is_ne_3:
      return out_.emit(Op::is_ne, {label(o[0]), argument(o[1]), argument(o[2])});
    case GenericOp::is_eq_exact_3:
      return exact_comparison(true, o);
    case GenericOp::is_ne_exact_3:
      return exact_comparison(false, o);
    case GenericOp::is_any_native_record_2:
      return test(Op::is_any_record, o);
    case GenericOp::is_native_record_4:
      return out_.emit(Op::is_named_record,
                       {label(o[0]), argument(o[1]), argument(o[2]), argument(o[3])});
    case GenericOp::is_record_accessible_3:
      // `external` asks for exported ones only: no module is named [].
      return out_.emit(
          Op::is_record_accessible,
          {label(o[0]), argument(o[1]),
           Argument::constant(constant(o[2]) == atoms::external ? Term::nil() : terms_.atoms[1])});
    case GenericOp::select_val_3:
      return select_value(o, code_.list_of(i));
    case GenericOp::select_tuple_arity_3:
      return select_arity(o, code_.list_of(i));

    case GenericOp::allocate_2:
      return out_.emit(Op::allocate, {number(0), number(1)});
    case GenericOp::allocate_heap_3:
      return out_.emit(Op::allocate_heap,
                       {number(0), Argument::number(heap_words(o[1])), number(2)});
    case GenericOp::allocate_zero_2:
      out_.emit(Op::allocate, {number(0), number(1)});
      return clear_frame(o[0].index());
    case GenericOp::allocate_heap_zero_3:
      out_.emit(Op::allocate_heap, {number(0), Argument::number(heap_words(o[1])), number(2)});
      return clear_frame(o[0].index());
    case GenericOp::test_heap_2:
      return out_.emit(Op::test_heap, {Argument::number(heap_words(o[0])), number(1)});
    case GenericOp::deallocate_1: {
      const GenericInstruction* next = following(index);
      if (next != nullptr && next->op == GenericOp::return_0) {
        skip_ = 1;
        return out_.emit(Op::deallocate_ret, {number(0)});
      }
      return out_.emit(Op::deallocate, {number(0)});
    }
    case GenericOp::trim_2:
      return out_.emit(Op::trim, {number(0)});
    case GenericOp::return_0:
      return out_.emit(Op::ret, {});
    case GenericOp::call_2:
    case GenericOp::call_last_3:
    case GenericOp::call_only_2:
      return call(i.op, o);
    case GenericOp::call_ext_2:
    case GenericOp::call_ext_last_3:
    case GenericOp::call_ext_only_2:
      return call_external(i.op, o);
    case GenericOp::call_fun_1:
      return out_.emit(Op::call_fun, {number(0)});
    case GenericOp::call_fun2_3: {
      const GenericInstruction* next = following(index);
      if (next != nullptr && next->op == GenericOp::deallocate_1 &&
          following(index + 1) != nullptr && following(index + 1)->op == GenericOp::return_0 &&
          o[2].kind == OperandKind::kX) {
        skip_ = 2;
        return out_.emit(Op::call_fun_last, {number(1), argument(o[2]),
                                             Argument::number(code_.operand(*next, 0).index())});
      }
      return out_.emit(Op::call_fun_in, {number(1), argument(o[2])});
    }
    case GenericOp::apply_1:
      return out_.emit(Op::apply, {Argument::number(0), number(0)});
    case GenericOp::apply_last_2:
      return out_.emit(Op::apply_last, {Argument::number(0), number(0), number(1)});
    case GenericOp::make_fun3_3:
      return out_.emit(Op::make_fun,
                       {Argument::address(terms_.lambdas[o[0].index()]), argument(o[1])},
                       sources(code_.list_of(i)));

    case GenericOp::bif0_2:
      return bif(o, 0);
    case GenericOp::bif1_4:
      return bif(o, 1);
    case GenericOp::bif2_5:
      return bif(o, 2);
    case GenericOp::bif3_6:
      return bif(o, 3);
    case GenericOp::gc_bif1_5:
      return gc_bif(o, 1);
    case GenericOp::gc_bif2_6:
      return gc_bif(o, 2);
    case GenericOp::gc_bif3_7:
      return gc_bif(o, 3);

    case GenericOp::fmove_2:
      if (o[0].kind == OperandKind::kFloatRegister && o[1].kind == OperandKind::kFloatRegister) {
        return out_.emit(Op::float_move, {argument(o[0]), argument(o[1])});
      }
      return out_.emit(o[0].kind == OperandKind::kFloatRegister ? Op::float_store : Op::float_load,
                       {argument(o[0]), argument(o[1])});
    case GenericOp::fconv_2:
      return out_.emit(Op::float_convert, {argument(o[0]), argument(o[1])});
    case GenericOp::fadd_4:
      return out_.emit(Op::float_add, {argument(o[1]), argument(o[2]), argument(o[3])});
    case GenericOp::fsub_4:
      return out_.emit(Op::float_subtract, {argument(o[1]), argument(o[2]), argument(o[3])});
    case GenericOp::fmul_4:
      return out_.emit(Op::float_multiply, {argument(o[1]), argument(o[2]), argument(o[3])});
    case GenericOp::fdiv_4:
      return out_.emit(Op::float_divide, {argument(o[1]), argument(o[2]), argument(o[3])});
    case GenericOp::fnegate_3:
      return out_.emit(Op::float_negate, {argument(o[1]), argument(o[2])});

    case GenericOp::put_map_assoc_5:
    case GenericOp::put_map_exact_5:
    case GenericOp::has_map_fields_3:
    case GenericOp::get_map_elements_3:
    case GenericOp::get_record_elements_3:
      return map_instruction(i, o);
    case GenericOp::put_record_6:
      return put_record(o, code_.list_of(i));
    case GenericOp::get_record_field_5:
      return out_.emit(Op::get_record_field, {label(o[0]), argument(o[1]), argument(o[2]),
                                              argument(o[3]), argument(o[4])});

    case GenericOp::catch_2:
    case GenericOp::try_2:
      return out_.emit(Op::catch_start, {Argument::number(o[0].index()), label(o[1])});
    case GenericOp::catch_end_1:
      return out_.emit(Op::catch_end, {Argument::number(o[0].index())});
    case GenericOp::try_end_1:
      return out_.emit(Op::try_end, {Argument::number(o[0].index())});
    case GenericOp::try_case_1:
      return out_.emit(Op::try_case, {Argument::number(o[0].index())});
    case GenericOp::try_case_end_1:
      return out_.emit(Op::try_case_end, {argument(o[0])});
    case GenericOp::badmatch_1:
      return out_.emit(Op::badmatch, {argument(o[0])});
    case GenericOp::if_end_0:
      return out_.emit(Op::if_end, {});
    case GenericOp::case_end_1:
      return out_.emit(Op::case_end, {argument(o[0])});
    case GenericOp::badrecord_1:
      return out_.emit(Op::badrecord, {argument(o[0])});
    case GenericOp::raise_2:
      return out_.emit(Op::raise, {argument(o[0]), argument(o[1])});
    case GenericOp::raw_raise_0:
      return out_.emit(Op::raw_raise, {});
    case GenericOp::build_stacktrace_0:
      return out_.emit(Op::build_stacktrace, {});

    case GenericOp::send_0:
      return out_.emit(Op::send, {});
    case GenericOp::loop_rec_2:
      return out_.emit(Op::loop_rec, {label(o[0]), argument(o[1])});
    case GenericOp::loop_rec_end_1:
      return out_.emit(Op::loop_rec_end, {label(o[0])});
    case GenericOp::remove_message_0:
      return out_.emit(Op::remove_message, {});
    case GenericOp::wait_1:
      return out_.emit(Op::wait, {label(o[0])});
    case GenericOp::wait_timeout_2:
      return out_.emit(Op::wait_timeout, {label(o[0]), argument(o[1])});
    case GenericOp::timeout_0:
      return out_.emit(Op::timeout, {});
    case GenericOp::recv_marker_bind_2:
      return out_.emit(Op::recv_marker_bind, {argument(o[0]), argument(o[1])});
    case GenericOp::recv_marker_clear_1:
      return out_.emit(Op::recv_marker_clear, {argument(o[0])});
    case GenericOp::recv_marker_reserve_1:
      return out_.emit(Op::recv_marker_reserve, {argument(o[0])});
    case GenericOp::recv_marker_use_1:
      return out_.emit(Op::recv_marker_use, {argument(o[0])});

    default:
      return bits_instruction(i, o);
  }
}

}  // namespace joist
