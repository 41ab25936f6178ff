// Frames, calls and returns.
//
// A call pushes its return address; a frame lies on top of it. Calls charge a reduction; the
// one that uses up the slice ends it at the entry of the function called, where only the
// arguments are live.
#include "vm/code/code_table.h"
#include "vm/code/fun_call.h"
#include "vm/exec/dispatch.h"
#include "vm/exec/support.h"

namespace joist {
namespace {

[[gnu::always_inline]] inline bool wants_gc_stress(const State& s) {
  return kAssertions && s.r->stress_due();
}

struct op_allocate : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto slots, auto) {
    if (!s.has_room(slots.field) || wants_gc_stress(s)) return Flow::kSlow;
    s.sp -= slots.field;
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto slots, auto live) {
    const Flow flow = collect_gc(s, slots.field, live.field);
    s.sp -= slots.field;
    return flow;
  }
};

struct op_allocate_heap : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto slots, auto words, auto) {
    if (!s.has_room(size_t{slots.field} + words.field) || wants_gc_stress(s)) return Flow::kSlow;
    s.sp -= slots.field;
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto slots, auto words, auto live) {
    const Flow flow = collect_gc(s, size_t{slots.field} + words.field, live.field);
    s.sp -= slots.field;
    return flow;
  }
};

struct op_test_heap : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto words, auto) {
    return s.has_room(words.field) && !wants_gc_stress(s) ? Flow::kNext : Flow::kSlow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto words, auto live) {
    return collect_gc(s, words.field, live.field);
  }
};

struct op_deallocate : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto slots) { s.sp += slots.field; }
};
struct op_trim : op_deallocate {};

struct op_ret : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*) {
    s.pc = code_of_return_word(*s.sp++);
    return Flow::kJump;
  }
};

struct op_deallocate_ret : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto slots) {
    s.pc = code_of_return_word(s.sp[slots.field]);
    s.sp += slots.field + size_t{1};
    return Flow::kJump;
  }
};

// --- calls within the module ---

[[gnu::always_inline]] inline Flow go_to_function(State& s, const Cell* target) {
  s.pc = target;
  return --s.reductions > 0 ? Flow::kJump : Flow::kSlow;
}
// s.pc is the entry of a function of this module. (`run` has moved pc already, so the `slow` of
// the three calls below looks at no operand.)
inline Flow yield_at_function(State& s) {
  return yield_at(s, s.pc, header_of_function(s.pc).arity);
}

struct op_call : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto label) {
    *--s.sp = return_word(next);
    return go_to_function(s, jump_target(s.pc, label.field));
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto) { return yield_at_function(s); }
};

struct op_call_last : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto label, auto slots) {
    s.sp += slots.field;
    return go_to_function(s, jump_target(s.pc, label.field));
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto) { return yield_at_function(s); }
};

struct op_call_only : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto label) {
    return go_to_function(s, jump_target(s.pc, label.field));
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto) { return yield_at_function(s); }
};

struct op_move_call : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source, auto destination, auto label) {
    destination.set(s, source.get(s));
    return op_call::run(s, next, label);
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto, auto) { return yield_at_function(s); }
};

struct op_move_call_last : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source, auto destination, auto label,
                        auto slots) {
    destination.set(s, source.get(s));
    return op_call_last::run(s, next, label, slots);
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto, auto, auto) {
    return yield_at_function(s);
  }
};

struct op_move_call_only : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source, auto destination, auto label) {
    destination.set(s, source.get(s));
    return op_call_only::run(s, next, label);
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto, auto) { return yield_at_function(s); }
};

struct op_move_ret : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source) {
    s.x0 = source.get(s);
    return op_ret::run(s, next);
  }
};

struct op_move_deallocate_ret : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto source, auto slots) {
    s.x0 = source.get(s);
    return op_deallocate_ret::run(s, next, slots);
  }
};

// --- calls through export entries ---

[[gnu::always_inline]] inline const ExportEntry* entry_of(auto operand) {
  return reinterpret_cast<const ExportEntry*>(operand.field);
}

// `slow` decodes its operands at s.pc, so `run` goes there before it changes anything.
struct op_call_ext : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto entry) {
    if (s.reductions <= 1) return Flow::kSlow;
    --s.reductions;
    *--s.sp = return_word(next);
    s.pc = entry_of(entry)->target();
    return Flow::kJump;
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto entry) {
    --s.reductions;
    *--s.sp = return_word(next);
    return yield_at(s, entry_of(entry)->target(), entry_of(entry)->mfa.arity);
  }
};

struct op_call_ext_last : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto entry, auto slots) {
    if (s.reductions <= 1) return Flow::kSlow;
    --s.reductions;
    s.sp += slots.field;
    s.pc = entry_of(entry)->target();
    return Flow::kJump;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto entry, auto slots) {
    --s.reductions;
    s.sp += slots.field;
    return yield_at(s, entry_of(entry)->target(), entry_of(entry)->mfa.arity);
  }
};

struct op_call_ext_only : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto entry) {
    if (s.reductions <= 1) return Flow::kSlow;
    --s.reductions;
    s.pc = entry_of(entry)->target();
    return Flow::kJump;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto entry) {
    --s.reductions;
    return yield_at(s, entry_of(entry)->target(), entry_of(entry)->mfa.arity);
  }
};

// --- natives ---

// Calls the native with x[0], ...; kNext with its value in x0, or what settle_native says.
[[gnu::always_inline]] inline Flow run_native(State& s, const ExportEntry* entry, const Cell* next,
                                              size_t slots) {
  s.save();
  Process& p = s.process();
  --p.reductions;
  Term result = entry->native(p, s.r->x);
  if (result.is_none()) [[unlikely]]
    return settle_native(s, entry, next, slots);
  if (p.heap.wants_collection() || wants_gc_stress(s)) [[unlikely]] {
    if (!tidy_heap_gc(p, 0, &result)) return Flow::kLeave;
  }
  s.load();
  s.x0 = result;
  return Flow::kNext;
}

struct op_call_native : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto entry) {
    return run_native(s, entry_of(entry), next, 0);
  }
};

struct op_call_native_last : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto entry, auto slots) {
    // The frame stays while the native runs, so that a stack trace shows the caller.
    const Flow flow = run_native(s, entry_of(entry), nullptr, slots.field);
    if (flow != Flow::kNext) return flow;
    s.pc = code_of_return_word(s.sp[slots.field]);
    s.sp += slots.field + size_t{1};
    return Flow::kJump;
  }
};

struct op_call_native_only : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto entry) {
    const Flow flow = run_native(s, entry_of(entry), nullptr, 0);
    if (flow != Flow::kNext) return flow;
    s.pc = code_of_return_word(*s.sp++);
    return Flow::kJump;
  }
};

struct op_native_stub : op_call_native_only {};

struct op_undefined_stub : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto entry_operand) {
    const ExportEntry* entry = entry_of(entry_operand);
    s.save();
    Process& p = s.process();
    CodeTable& code = *p.runtime->code;
    if (code.load_on_demand(entry->mfa.module) && !entry->is_undefined()) {
      s.pc = entry->target();
      return Flow::kJump;
    }
    const size_t arity = entry->mfa.arity;
    const Term arguments = make_list(p.heap, {s.r->x, arity});
    const ExportEntry* handler =
        code.find_export({atoms::error_handler, atoms::undefined_function, 3});
    if (handler != nullptr && !handler->is_undefined()) {
      s.load();
      s.x0 = entry->mfa.module;
      s.x1 = entry->mfa.function;
      s.x2 = arguments;
      s.pc = handler->target();
      return Flow::kJump;
    }
    p.error(atoms::undef);
    p.exception_function = &entry->mfa;
    p.exception_arguments = arguments;
    return Flow::kRaise;
  }
};

// --- funs and apply ---

// The call of a fun: `slots` of frame are dropped first when it is a tail call.
template <bool kTail>
Flow call_fun(State& s, const Cell* next, Term fun, size_t arity, size_t slots) {
  if (!is_fun(fun) || fun_arity(fun) != arity) return raise_bad_fun(s, fun, arity);
  if constexpr (kTail) {
    s.sp += slots;
  } else {
    *--s.sp = return_word(next);
  }
  const Term was = fun;
  s.pc = enter_fun(s, was, arity);
  if (--s.reductions > 0) return Flow::kJump;
  const size_t free =
      header_kind(was.header()) == Boxed::kLocalFun ? local_fun_environment(was).size() : 0;
  return yield_at(s, s.pc, arity + free);
}

struct op_call_fun : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto arity) {
    return call_fun<false>(s, next, get_any(s, x_code(arity.field)), arity.field, 0);
  }
};

// The call of a local fun of the right arity, in line.
template <bool kTail>
[[gnu::always_inline]] inline Flow call_local_fun(State& s, const Cell* next, Term fun,
                                                  size_t arity, size_t slots) {
  if (!is_kind(fun, Boxed::kLocalFun)) return Flow::kSlow;
  const FunIdentity* identity = local_fun_identity(fun);
  if (identity->arity != arity || s.reductions <= 1) return Flow::kSlow;
  --s.reductions;
  if (identity->free_count != 0) {
    s.save_x();
    spread_environment(fun, s.r->x, arity);
    s.load_x();
  }
  if constexpr (kTail) {
    s.sp += slots;
  } else {
    *--s.sp = return_word(next);
  }
  s.pc = local_fun_code(fun);
  return Flow::kJump;
}

struct op_call_fun_in : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto arity, auto operand) {
    return call_local_fun<false>(s, next, operand.get(s), arity.field, 0);
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto arity, auto operand) {
    return call_fun<false>(s, next, operand.get(s), arity.field, 0);
  }
};

struct op_call_fun_last : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto arity, auto operand, auto slots) {
    return call_local_fun<true>(s, next, operand.get(s), arity.field, slots.field);
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto arity, auto operand, auto slots) {
    return call_fun<true>(s, next, operand.get(s), arity.field, slots.field);
  }
};

// x[arity]:x[arity+1] with arity arguments: module and function by value.
template <bool kTail>
Flow apply_by_name(State& s, const Cell* next, size_t arity, size_t slots) {
  s.save();
  Process& p = s.process();
  const Term module = s.r->x[arity];
  const Term function = s.r->x[arity + 1];
  if (!module.is_atom() || !function.is_atom()) {
    const Term arguments = make_list(p.heap, {s.r->x, arity});
    static constexpr Mfa kApply = {atoms::erlang, atoms::apply_, 3};
    p.badarg();
    p.exception_function = &kApply;
    p.exception_arguments = list_of(p.heap, {module, function, arguments});
    return Flow::kRaise;
  }
  const ExportEntry* entry =
      p.runtime->code->export_entry({module, function, static_cast<uint32_t>(arity)});
  s.load();
  if constexpr (kTail) {
    s.sp += slots;
  } else {
    *--s.sp = return_word(next);
  }
  s.pc = entry->target();
  return --s.reductions > 0 ? Flow::kJump : yield_at(s, s.pc, arity);
}

struct op_apply : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto arity) {
    return apply_by_name<false>(s, next, arity.field, 0);
  }
};

struct op_apply_last : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto arity, auto slots) {
    return apply_by_name<true>(s, next, arity.field, slots.field);
  }
};

struct op_make_fun : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto entry, auto destination, auto environment) {
    Word* words = s.hp;
    const size_t count = environment.field;
    s.hp += 1 + kLocalFunFixedWords + count;
    words[0] = make_header(Boxed::kLocalFun, kLocalFunFixedWords + count);
    words[1] = entry.field;
    words[2] = s.process().pid.bits();
    for (size_t i = 0; i < count; ++i) {
      words[3 + i] = get_source(s, environment.cells[i]).bits();
    }
    destination.set(s, Term::boxed(words));
  }
};

struct op_process_end : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*) {
    s.save();
    s.process().exit_now(atoms::normal);
    return Flow::kLeave;
  }
};

}  // namespace

void fill_call(HandlerTable& table) {
#define JOIST_OP_GROUP_call JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
