// Calls, BIFs and maps.
#include <string_view>

#include "loader/specialise.h"
#include "vm/term/atom.h"
#include "vm/term/map.h"

namespace joist {

void Specialiser::call(GenericOp op, Operands o) {
  switch (op) {
    case GenericOp::call_2:
      return out_.emit(Op::call, {label(o[1])});
    case GenericOp::call_only_2:
      return out_.emit(Op::call_only, {label(o[1])});
    default:
      return out_.emit(Op::call_last, {label(o[1]), Argument::number(o[2].index())});
  }
}

void Specialiser::call_external(GenericOp op, Operands o) {
  const ExportEntry* entry = terms_.imports[o[1].index()];
  const Argument target = Argument::address(entry);
  const bool native = entry->is_native();
  if (native && apply_native(op, entry, o)) return;
  switch (op) {
    case GenericOp::call_ext_2:
      return out_.emit(native ? Op::call_native : Op::call_ext, {target});
    case GenericOp::call_ext_only_2:
      return out_.emit(native ? Op::call_native_only : Op::call_ext_only, {target});
    default:
      return out_.emit(native ? Op::call_native_last : Op::call_ext_last,
                       {target, Argument::number(o[2].index())});
  }
}

// erlang:apply/2,3 called by name: instructions that need no native where all is well.
bool Specialiser::apply_native(GenericOp op, const ExportEntry* entry, Operands o) {
  const bool by_name = entry->mfa.arity == 3;
  if (!(entry->mfa.module == atoms::erlang) || !(entry->mfa.function == atoms::apply_))
    return false;
  const Argument target = Argument::address(entry);
  const Argument cache = Argument::number(0);
  if (op == GenericOp::call_ext_2) {
    by_name ? out_.emit(Op::apply_list, {target, cache}) : out_.emit(Op::apply_fun, {target});
    return true;
  }
  // Without a frame the return address is on top, as behind a frame of no slots.
  const Word slots = op == GenericOp::call_ext_only_2 ? 0 : o[2].index();
  by_name ? out_.emit(Op::apply_list_last, {target, cache, Argument::number(slots)})
          : out_.emit(Op::apply_fun_last, {target, Argument::number(slots)});
  return true;
}

bool Specialiser::operator_bif(const ExportEntry* entry, const Argument& fail,
                               std::span<const Argument> a, const Argument& destination,
                               const Argument& live) {
  struct Row {
    Term name;
    Op op;
  };
  static constexpr Row kBinary[] = {
      {atoms::plus, Op::add},           {atoms::minus, Op::subtract},
      {atoms::times, Op::multiply},     {atoms::divide, Op::divide},
      {atoms::div, Op::integer_divide}, {atoms::rem, Op::remainder},
      {atoms::band, Op::band},          {atoms::bor, Op::bor},
      {atoms::bxor, Op::bxor},          {atoms::bsl, Op::shift_left},
      {atoms::bsr, Op::shift_right},
  };
  if (!(entry->mfa.module == atoms::erlang)) return false;
  if (a.size() == 1) {
    if (entry->mfa.function == atoms::minus) {
      out_.emit(Op::negate, {fail, a[0], destination, live});
    } else if (entry->mfa.function == atoms::bnot) {
      out_.emit(Op::bnot, {fail, a[0], destination, live});
    } else {
      return false;
    }
    return true;
  }
  for (const Row& row : kBinary) {
    if (a.size() != 2 || !(entry->mfa.function == row.name)) continue;
    out_.emit(row.op, {fail, a[0], a[1], destination, live});
    return true;
  }
  return false;
}

void Specialiser::gc_bif(Operands o, size_t arity) {
  const ExportEntry* entry = terms_.imports[o[2].index()];
  const Argument fail = label(o[0]);
  const Argument live = Argument::number(o[1].index());
  Argument a[3];
  for (size_t i = 0; i < arity; ++i) a[i] = argument(o[3 + i]);
  const Argument destination = argument(o[3 + arity]);
  if (operator_bif(entry, fail, {a, arity}, destination, live)) return;
  if (inline_bif(entry, fail, {a, arity}, destination)) return;
  const Argument target = Argument::address(entry);
  switch (arity) {
    case 1:
      return out_.emit(Op::gc_bif1, {fail, target, a[0], destination, live});
    case 2:
      return out_.emit(Op::gc_bif2, {fail, target, a[0], a[1], destination, live});
    default:
      return out_.emit(Op::gc_bif3, {fail, target, a[0], a[1], a[2], destination, live});
  }
}

bool Specialiser::inline_bif(const ExportEntry* entry, const Argument& fail,
                             std::span<const Argument> a, const Argument& destination) {
  struct Row {
    Term name;
    Op op;
    size_t arity;
  };
  static constexpr Row kRows[] = {
      {atoms::hd, Op::bif_hd, 1},
      {atoms::tl, Op::bif_tl, 1},
      {atoms::tuple_size, Op::bif_tuple_size, 1},
      {atoms::byte_size, Op::bif_byte_size, 1},
      {atoms::map_size, Op::bif_map_size, 1},
      {atoms::element, Op::bif_element, 2},
      {atoms::map_get, Op::bif_map_get, 2},
      {atoms::is_map_key, Op::bif_is_map_key, 2},
  };
  if (!(entry->mfa.module == atoms::erlang)) return false;
  const Argument target = Argument::address(entry);
  for (const Row& row : kRows) {
    if (!(entry->mfa.function == row.name) || a.size() != row.arity) continue;
    if (row.arity == 1) {
      out_.emit(row.op, {fail, target, a[0], destination});
    } else {
      out_.emit(row.op, {fail, target, a[0], a[1], destination});
    }
    return true;
  }
  return comparison_bif(entry->mfa.function, a, destination);
}

// These cannot fail, so they need to know no native.
bool Specialiser::comparison_bif(Term function, std::span<const Argument> a,
                                 const Argument& destination) {
  struct Row {
    Term name;
    Op op;
    bool swapped;
  };
  static constexpr Row kRows[] = {
      {atoms::exact_eq, Op::bif_equal_exact, false},
      {atoms::exact_ne, Op::bif_not_equal_exact, false},
      {atoms::eq, Op::bif_equal, false},
      {atoms::ne, Op::bif_not_equal, false},
      {atoms::lt, Op::bif_less, false},
      {atoms::gt, Op::bif_less, true},
      {atoms::ge, Op::bif_not_less, false},
      {atoms::le, Op::bif_not_less, true},
  };
  for (const Row& row : kRows) {
    if (!(function == row.name) || a.size() != 2) continue;
    out_.emit(row.op, {a[row.swapped ? 1 : 0], a[row.swapped ? 0 : 1], destination});
    return true;
  }
  return false;
}

void Specialiser::bif(Operands o, size_t arity) {
  if (arity == 0) {
    const ExportEntry* entry = terms_.imports[o[0].index()];
    return out_.emit(Op::bif0, {Argument::address(entry), argument(o[1])});
  }
  const ExportEntry* entry = terms_.imports[o[1].index()];
  const Argument fail = label(o[0]);
  Argument a[3];
  for (size_t i = 0; i < arity; ++i) a[i] = argument(o[2 + i]);
  const Argument destination = argument(o[2 + arity]);
  if (inline_bif(entry, fail, {a, arity}, destination)) return;
  const Argument target = Argument::address(entry);
  switch (arity) {
    case 1:
      return out_.emit(Op::bif1, {fail, target, a[0], destination});
    case 2:
      return out_.emit(Op::bif2, {fail, target, a[0], a[1], destination});
    default:
      return out_.emit(Op::bif3, {fail, target, a[0], a[1], a[2], destination});
  }
}

void Specialiser::map_instruction(const GenericInstruction& instruction, Operands o) {
  const Operands list = code_.list_of(instruction);
  const auto pairs_to_registers = [&] {
    std::vector<ListCell> cells;
    for (size_t i = 0; i < list.size(); i += 2) {
      cells.push_back(ListCell::source(argument(list[i])));
      cells.push_back(ListCell::word(argument(list[i + 1]).code()));
    }
    return cells;
  };
  switch (instruction.op) {
    case GenericOp::put_map_assoc_5:
    case GenericOp::put_map_exact_5:
      return out_.emit(
          instruction.op == GenericOp::put_map_assoc_5 ? Op::put_map_assoc : Op::put_map_exact,
          {label(o[0]), argument(o[1]), argument(o[2]), Argument::number(o[3].index())},
          sources(list));
    case GenericOp::has_map_fields_3:
      return out_.emit(Op::has_map_fields, {label(o[0]), argument(o[1])}, sources(list));
    case GenericOp::get_map_elements_3:
      if (list.size() == 2) {
        return out_.emit(Op::get_map_element,
                         {label(o[0]), argument(o[1]), argument(list[0]), argument(list[1])});
      }
      return out_.emit(Op::get_map_elements, {label(o[0]), argument(o[1])}, pairs_to_registers());
    case GenericOp::get_record_elements_3:
      return out_.emit(Op::get_record_elements, {label(o[0]), argument(o[1])},
                       pairs_to_registers());
    default:
      return;
  }
}

}  // namespace joist
