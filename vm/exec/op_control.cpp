// Jumps and multiway branches.
//
// The cells of a select_* list, but for select_immediate: n values, then n distances (in bytes,
// from the instruction).
#include "vm/code/op_counts.h"
#include "vm/exec/dispatch.h"
#include "vm/heap/builder.h"
#include "vm/term/compare.h"

namespace joist {
namespace {

struct op_jump : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto label) {
    s.pc = jump_target(s.pc, label.field);
    return Flow::kJump;
  }
};

[[gnu::always_inline]] inline Flow go_to_choice(State& s, auto list, size_t choice) {
  const size_t count = list.field / 2;
  s.pc = jump_target(s.pc, static_cast<int64_t>(list.cells[count + choice]));
  return Flow::kJump;
}

// The cells are a mask, a factor (loader/select_hash.h), and pairs of a word and the distance of
// its label, each at the place that the word's hash says. Without a mask the pairs are sorted.
struct op_select_immediate : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto value, auto, auto list) {
    const Word mask = list.cells[0];
    if (mask == 0) [[unlikely]]
      return Flow::kSlow;
    const Word word = value.get(s).bits();
    const size_t offset = word * list.cells[1] >> 32 & mask;
    const auto* pair =
        reinterpret_cast<const Cell*>(reinterpret_cast<const char*>(list.cells + 2) + offset);
    if (pair[0] != word) return Flow::kFail;
    s.pc = jump_target(s.pc, static_cast<int64_t>(pair[1]));
    return Flow::kJump;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto value, auto, auto list) {
    const Word word = value.get(s).bits();
    const Cell* base = list.cells + 2;
    size_t count = list.field / 2 - 1;
    while (count > 1) {
      const size_t half = count / 2;
      base = base[half * 2] <= word ? base + half * 2 : base;
      count -= half;
    }
    if (*base != word) return Flow::kFail;
    s.pc = jump_target(s.pc, static_cast<int64_t>(base[1]));
    return Flow::kJump;
  }
};

struct op_select_few : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto value, auto, auto list) {
    const Word word = value.get(s).bits();
    const size_t count = list.field / 2;
    for (size_t i = 0; i < count; ++i) {
      if (list.cells[i] == word) return go_to_choice(s, list, i);
    }
    return Flow::kFail;
  }
};

struct op_select_exact : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto, auto, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto value, auto, auto list) {
    const Term term = value.get(s);
    const size_t count = list.field / 2;
    for (size_t i = 0; i < count; ++i) {
      if (exact_equal(Term::from_bits(list.cells[i]), term)) return go_to_choice(s, list, i);
    }
    return Flow::kFail;
  }
};

struct op_jump_table : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto value, auto, auto first, auto labels) {
    const Term term = value.get(s);
    if (!term.is_small()) return Flow::kFail;
    const Word index = static_cast<Word>(term.small_value()) - first.field;
    if (index >= labels.field) return Flow::kFail;
    s.pc = jump_target(s.pc, static_cast<int64_t>(labels.cells[index]));
    return Flow::kJump;
  }
};

struct op_select_arity : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto tuple, auto, auto list) {
    const Term term = tuple.get(s);
    if (!term.is_boxed()) return Flow::kFail;
    const Word header = term.header();
    const size_t count = list.field / 2;
    for (size_t i = 0; i < count; ++i) {
      if (list.cells[i] == header) return go_to_choice(s, list, i);
    }
    return Flow::kFail;
  }
};

struct op_func_info : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto, auto, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto, auto arity) {
    s.save();
    Process& p = s.process();
    p.error(atoms::function_clause);
    p.exception_arguments = make_list(p.heap, {s.r->x, arity.field});
    return Flow::kRaise;
  }
};

struct op_count : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto op) { s.r->op_counts->add(op.field); }
};

struct op_code_end : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State&, const Cell*) { fatal("execution ran past the end of a module"); }
};

}  // namespace

void fill_control(HandlerTable& table) {
#define JOIST_OP_GROUP_control JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
