// From the rows of ops.def and the semantics of op_<group>.h to handlers: operand types that
// decode themselves, and the one handler template.
#pragma once

#include <cstring>
#include <utility>

#include "vm/exec/machine.h"

namespace joist {

template <typename T>
[[gnu::always_inline]] inline T read_field(const Cell* pc, size_t offset) {
  T value;
  std::memcpy(&value, reinterpret_cast<const char*>(pc) + offset, sizeof value);
  return value;
}
[[gnu::always_inline]] inline Word& slot_at(void* base, size_t offset) {
  return *reinterpret_cast<Word*>(static_cast<char*>(base) + offset);
}

// Any register by its code, for operands decoded at run time. The machine registers go through
// memory, where all registers can be indexed: cheaper than a branch that nothing predicts.
[[gnu::always_inline]] inline Term get_any(const State& s, uint16_t code) {
  s.save_x();
  void* base = code & 1 ? reinterpret_cast<char*>(s.sp) - 1 : reinterpret_cast<char*>(s.r->x);
  return Term::from_bits(slot_at(base, code));
}
[[gnu::always_inline]] inline void set_any(State& s, uint16_t code, Term value) {
  s.save_x();
  void* base = code & 1 ? reinterpret_cast<char*>(s.sp) - 1 : reinterpret_cast<char*>(s.r->x);
  slot_at(base, code) = value.bits();
  s.load_x();
}
[[gnu::always_inline]] inline Term get_source(const State& s, Word source) {
  return is_register_source(source) ? get_any(s, register_of_source(source))
                                    : Term::from_bits(source);
}

// --- operands ---
// Each has the field's value; registers get() and set(), constants get().
template <FieldKind kKind>
struct Operand;

template <>
struct Operand<FieldKind::kX0> {
  Term get(const State& s) const { return s.x0; }
  void set(State& s, Term value) const { s.x0 = value; }
};
template <>
struct Operand<FieldKind::kX1> {
  Term get(const State& s) const { return s.x1; }
  void set(State& s, Term value) const { s.x1 = value; }
};
template <>
struct Operand<FieldKind::kX2> {
  Term get(const State& s) const { return s.x2; }
  void set(State& s, Term value) const { s.x2 = value; }
};
template <>
struct Operand<FieldKind::kX3> {
  Term get(const State& s) const { return s.x3; }
  void set(State& s, Term value) const { s.x3 = value; }
};
template <>
struct Operand<FieldKind::kX> {
  uint16_t field;
  Term get(const State& s) const { return Term::from_bits(slot_at(s.r->x, field)); }
  void set(State& s, Term value) const { slot_at(s.r->x, field) = value.bits(); }
};
template <>
struct Operand<FieldKind::kY> {
  uint16_t field;  // register code; the addressing mode takes the odd bit off at no cost
  Term get(const State& s) const { return Term::from_bits(slot_at(s.sp, field - size_t{1})); }
  void set(State& s, Term value) const { slot_at(s.sp, field - size_t{1}) = value.bits(); }
};
template <>
struct Operand<FieldKind::kConstant> {
  Word field;
  Term get(const State&) const { return Term::from_bits(field); }
};
template <>
struct Operand<FieldKind::kAnySource> {
  Word field;
  Term get(const State& s) const { return get_source(s, field); }
};
template <>
struct Operand<FieldKind::kAnyRegister> {
  uint16_t field;
  Term get(const State& s) const { return get_any(s, field); }
};
template <>
struct Operand<FieldKind::kAnyDestination> {
  uint16_t field;
  Term get(const State& s) const { return get_any(s, field); }
  void set(State& s, Term value) const { set_any(s, field, value); }
};
template <>
struct Operand<FieldKind::kFloat> {
  uint16_t field;
  double get(const State& s) const { return s.r->f[field]; }
  void set(State& s, double value) const { s.r->f[field] = value; }
};
template <>
struct Operand<FieldKind::kWord> {
  Word field;
};
template <>
struct Operand<FieldKind::kUnsigned16> {
  uint16_t field;
};
template <>
struct Operand<FieldKind::kUnsigned32> {
  uint32_t field;
};
template <>
struct Operand<FieldKind::kLabel> {
  int32_t field;
};
template <>
struct Operand<FieldKind::kLabelOrNone> {
  int32_t field;
};
template <>
struct Operand<FieldKind::kList> {
  uint32_t field;  // number of cells
  const Cell* cells;
};

template <>
struct Operand<FieldKind::kSame> {};

template <FieldKind kKind>
[[gnu::always_inline]] inline Operand<kKind> decode(const Cell* pc, size_t offset,
                                                    [[maybe_unused]] size_t cells) {
  Operand<kKind> operand;
  if constexpr (kKind == FieldKind::kList) {
    operand.field = read_field<uint32_t>(pc, offset);
    operand.cells = pc + cells;
  } else if constexpr (field_bytes(kKind) != 0) {
    operand.field = read_field<decltype(operand.field)>(pc, offset);
  }
  return operand;
}

[[gnu::always_inline]] inline const Cell* jump_target(const Cell* pc, int64_t distance) {
  return reinterpret_cast<const Cell*>(reinterpret_cast<const char*>(pc) + distance);
}

// Finds a handler for the exception in the process and sets pc, sp and x0..x2, or ends the
// process. Reached by tail call (exception_handling.cpp).
JOIST_HANDLER_ABI void raise_exception(JOIST_HANDLER_PARAMETERS);

#define JOIST_TAIL_CALL(function, s)                                                         \
  [[clang::musttail]] return function((s).pc, (s).r, (s).sp, (s).hp, (s).reductions, (s).x0, \
                                      (s).x1, (s).x2, (s).x3)
#define JOIST_DISPATCH(s) JOIST_TAIL_CALL(reinterpret_cast<Handler*>(*(s).pc), s)

// --- the handler of one combination ---
template <typename Semantics, size_t kOp, size_t kCombination>
struct HandlerOf {
  static constexpr Layout kLayout = layout_of(kOpInfo[kOp].signature, kCombination);

  static constexpr size_t operand_of_kind(FieldKind kind, FieldKind other) {
    for (size_t i = 0; i < kLayout.count; ++i) {
      if (kLayout.kind[i] == kind || kLayout.kind[i] == other) return i;
    }
    return kMaxOperands;
  }
  static constexpr size_t kLabelOperand =
      operand_of_kind(FieldKind::kLabel, FieldKind::kLabelOrNone);
  static constexpr size_t kListOperand = operand_of_kind(FieldKind::kList, FieldKind::kList);

  // Where the next instruction begins.
  [[gnu::always_inline]] static const Cell* next(const Cell* pc) {
    if constexpr (kListOperand != kMaxOperands) {
      return pc + kLayout.cells + read_field<uint32_t>(pc, kLayout.offset[kListOperand]);
    } else {
      return pc + kLayout.cells;
    }
  }

  template <bool kSlowPath, size_t... kIndex>
  [[gnu::always_inline]] static auto apply(State& s, std::index_sequence<kIndex...>) {
    const Cell* pc = s.pc;
    if constexpr (kSlowPath) {
      return Semantics::slow(
          s, next(pc), decode<kLayout.kind[kIndex]>(pc, kLayout.offset[kIndex], kLayout.cells)...);
    } else {
      return Semantics::run(
          s, next(pc), decode<kLayout.kind[kIndex]>(pc, kLayout.offset[kIndex], kLayout.cells)...);
    }
  }
  template <bool kSlowPath>
  [[gnu::always_inline]] static auto apply(State& s) {
    return apply<kSlowPath>(s, std::make_index_sequence<kLayout.count>());
  }

  // Keeps the ways on to the next instruction and to the label two ways: made one, with a distance
  // that is chosen first, they cost more, and the first is nothing that can be copied
  // (vm/code/handler_body.h).
  [[gnu::always_inline]] static void keep_apart(State& s) { asm volatile("" : "+r"(s.pc)); }

  // Moves pc by how the op that began at `start` ended; true: to raise_exception.
  [[gnu::always_inline]] static bool settle(State& s, const Cell* start, Flow flow) {
    if (flow == Flow::kNext) {
      s.pc = next(start);
    } else if (flow == Flow::kFail) {
      if constexpr (kLabelOperand != kMaxOperands) {
        const int32_t distance = read_field<int32_t>(start, kLayout.offset[kLabelOperand]);
        if constexpr (kLayout.kind[kLabelOperand] == FieldKind::kLabelOrNone) {
          if (distance == 0) return true;
        }
        s.pc = jump_target(start, distance);
        keep_apart(s);
      }
    }
    return flow == Flow::kRaise;
  }

  __attribute__((noinline, cold)) JOIST_HANDLER_ABI static void slow(JOIST_HANDLER_PARAMETERS) {
    State s{JOIST_HANDLER_ARGUMENTS};
    const Flow flow = apply<true>(s);
    if (flow == Flow::kLeave) return;
    if (settle(s, pc, flow)) JOIST_TAIL_CALL(raise_exception, s);
    JOIST_DISPATCH(s);
  }

  JOIST_HANDLER_ABI static void handle(JOIST_HANDLER_PARAMETERS) {
    State s{JOIST_HANDLER_ARGUMENTS};
    if constexpr (std::is_void_v<decltype(apply<false>(s))>) {
      apply<false>(s);
      s.pc = next(pc);
    } else if constexpr (std::is_same_v<decltype(apply<false>(s)), bool>) {
      static_assert(kLabelOperand != kMaxOperands);
      if (apply<false>(s)) {
        s.pc = next(pc);
        JOIST_DISPATCH(s);
      }
      s.pc = jump_target(pc, read_field<int32_t>(pc, kLayout.offset[kLabelOperand]));
      keep_apart(s);
    } else {
      const Flow flow = apply<false>(s);
      if (flow == Flow::kLeave) return;
      if constexpr (Semantics::kHasSlow) {
        if (flow == Flow::kSlow) JOIST_TAIL_CALL(slow, s);
      }
      if (settle(s, pc, flow)) JOIST_TAIL_CALL(raise_exception, s);
    }
    JOIST_DISPATCH(s);
  }
};

// The handlers of one op, by combination.
template <typename Semantics, size_t kOp, size_t... kCombination>
const Cell* handlers_of(std::index_sequence<kCombination...>) {
  static const Cell cells[] = {
      reinterpret_cast<Cell>(&HandlerOf<Semantics, kOp, kCombination>::handle)...};
  return cells;
}
template <typename Semantics, Op kOp>
const Cell* handlers_of() {
  constexpr size_t kIndex = static_cast<size_t>(kOp);
  return handlers_of<Semantics, kIndex>(
      std::make_index_sequence<combination_count(kOpInfo[kIndex].signature)>());
}

// Bases of the semantics. An op has
//   run(State&, const Cell* next, operands...) -> void, bool (false: to the label) or Flow
// and, with SlowOp,
//   slow(State&, const Cell* next, operands...) -> Flow
struct FastOp {
  static constexpr bool kHasSlow = false;
};
struct SlowOp {
  static constexpr bool kHasSlow = true;
};

// Each op_<group>.cpp fills in its rows.
void fill_data(HandlerTable& table);
void fill_control(HandlerTable& table);
void fill_guard(HandlerTable& table);
void fill_call(HandlerTable& table);
void fill_fused_data(HandlerTable& table);
void fill_fused_call(HandlerTable& table);
void fill_fused_arith(HandlerTable& table);
void fill_arith(HandlerTable& table);
void fill_bif(HandlerTable& table);
void fill_map(HandlerTable& table);
void fill_record(HandlerTable& table);
void fill_bits_match(HandlerTable& table);
void fill_bits_build(HandlerTable& table);
void fill_exception(HandlerTable& table);
void fill_receive(HandlerTable& table);

}  // namespace joist

// In op_<group>.cpp:
//   #define JOIST_OP_GROUP_<group>(name) JOIST_FILL(name)     and #include "vm/exec/fill_group.h"
#define JOIST_FILL(name) \
  table.handlers[static_cast<size_t>(Op::name)] = handlers_of<op_##name, Op::name>();
