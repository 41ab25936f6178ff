// Calls through export entries, of natives and of funs. Frames and calls within the module are in
// op_frame.h.
#include "vm/code/code_table.h"
#include "vm/code/fun_call.h"
#include "vm/exec/op_frame.h"
#include "vm/exec/purged_fun.h"
#include "vm/exec/support.h"
#include "vm/exec/traced_call.h"

namespace joist {
namespace {

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

// The native's value is there, but a long collection must come first.
[[gnu::noinline]] Flow yield_with_value(State& s, Term value, const Cell* next, size_t slots) {
  s.load();
  s.x0 = value;
  if (next == nullptr) {
    next = code_of_return_word(s.sp[slots]);
    s.sp += slots + 1;
  }
  return yield_at(s, next, 1);
}

// Calls the native with x[0], ...; kNext with its value in x0, or what settle_native says.
[[gnu::always_inline]] inline Flow run_native(State& s, const ExportEntry* entry, const Cell* next,
                                              size_t slots) {
  s.save();
  Process& p = s.process();
  --p.reductions;
  Term result = entry->entered(p, s.r->x);
  if (result.is_none()) [[unlikely]]
    return settle_native(s, entry, next, slots);
  if (p.heap.wants_collection() || wants_gc_stress(s)) [[unlikely]] {
    if (!tidy_heap_gc(p, 0, &result)) return Flow::kLeave;
    if (p.due_collection != DueCollection::kNone) return yield_with_value(s, result, next, slots);
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
    return leave_frame_or_yield(s, slots.field);
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

// --- calls that are traced ---

struct op_trace_stub : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto operand) {
    const ExportEntry* entry = entry_of(operand);
    if (Breakpoint* breakpoint = s.process().runtime->tracing->patterns().find(entry->mfa)) {
      TracedCall call;
      if (trace_function_gc(s, *breakpoint, CallPlace::kExport, &call) == Flow::kLeave) {
        return Flow::kLeave;
      }
      push_frames(s, call);
    }
    s.pc = entry->untraced_target();
    return Flow::kJump;
  }
};

// erts_debug:breakpoint/2: the debugger's error_handler:breakpoint(M, F, Arguments) instead.
Flow call_debugger(State& s, const Mfa& mfa) {
  s.save();
  Process& p = s.process();
  const ExportEntry* handler =
      p.runtime->code->export_entry({p.flags.error_handler, atoms::breakpoint, 3});
  const Term arguments = make_list(p.heap, {s.r->x, mfa.arity});
  s.load();
  s.x0 = mfa.module;
  s.x1 = mfa.function;
  s.x2 = arguments;
  s.pc = handler->target();
  return Flow::kJump;
}

struct op_breakpoint {};

}  // namespace

// The instruction behind a breakpoint is run by the handler that the breakpoint has replaced, at
// the same place: so this one ends by a tail call of its own.
template <size_t kCombination>
struct HandlerOf<op_breakpoint, static_cast<size_t>(Op::breakpoint), kCombination> {
  __attribute__((noinline)) JOIST_HANDLER_ABI static void handle(JOIST_HANDLER_PARAMETERS) {
    State s{JOIST_HANDLER_ARGUMENTS};
    const FunctionHeader& header = header_of_function(pc);
    Breakpoint* breakpoint = s.process().runtime->tracing->patterns().find(
        {header.module, header.function, header.arity});
    JOIST_CHECK(breakpoint != nullptr && breakpoint->cell == pc);
    const Cell handler = breakpoint->handler;
    bool debugged = false;
    {
      TracedCall call;
      if (trace_function_gc(s, *breakpoint, CallPlace::kFunction, &call) == Flow::kLeave) return;
      push_frames(s, call);
      debugged = call.debugged;
    }
    if (debugged) {
      call_debugger(s, breakpoint->mfa);
      JOIST_DISPATCH(s);
    }
    JOIST_TAIL_CALL(reinterpret_cast<Handler*>(handler), s);
  }
};

namespace {

struct op_return_trace : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*) {
    const TraceFrame frame = read_trace_frame(s.sp);
    const Term value = s.x0;
    s.save();
    trace_return(s.process(), frame, value, s.sp + kTraceFrameSlots);
    s.load();
    s.sp += kTraceFrameSlots;
    s.pc = code_of_return_word(*s.sp++);
    return Flow::kJump;
  }
};

// Of a function that nobody has called yet (vm/code/module.h).
struct op_unprepared_stub : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto) {
    s.pc = s.process().runtime->code->prepare(s.pc);
    return Flow::kJump;
  }
};

struct op_prepared_stub : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto label) {
    s.pc = jump_target(s.pc, label.field);
    return Flow::kJump;
  }
};

struct op_undefined_stub : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto entry_operand) {
    const ExportEntry* entry = entry_of(entry_operand);
    s.save();
    Process& p = s.process();
    CodeTable& code = *p.runtime->code;
    const size_t arity = entry->mfa.arity;
    if (code.load_on_demand(entry->mfa.module)) {
      if (!entry->is_undefined()) {
        s.pc = entry->target();
        return Flow::kJump;
      }
      // What the module needs is being started: the call is made again when others have run.
      if (code.find_module(entry->mfa.module) == nullptr) {
        s.load();
        return yield_at(s, entry->target(), arity);
      }
    }
    const Term arguments = make_list(p.heap, {s.r->x, arity});
    const ExportEntry* handler =
        code.find_export({p.flags.error_handler, atoms::undefined_function, 3});
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

// No module of the name is loaded: its error handler may load one. Where one is loaded, it is
// another version, without this fun.
struct op_unloaded_fun_stub : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto operand) {
    const auto* entry = reinterpret_cast<const FunEntry*>(operand.field);
    s.save();
    Process& p = s.process();
    CodeTable& code = *p.runtime->code;
    const bool is_purging = entry->purging.load(std::memory_order_acquire);
    if (!is_purging && code.load_on_demand(entry->module) && !entry->is_unloaded()) {
      s.pc = entry->code.load(std::memory_order_acquire);
      return Flow::kJump;
    }
    const Term fun =
        make_local_fun(p.heap, entry, p.pid, {s.r->x + entry->arity, entry->free_count});
    const Term arguments = make_list(p.heap, {s.r->x, entry->arity});
    if (is_purging) return wait_for_purge(s, *entry, fun, arguments);
    const ExportEntry* handler =
        code.find_export({p.flags.error_handler, atoms::undefined_lambda, 3});
    if (code.find_module(entry->module) != nullptr) {
      p.error_tuple(atoms::badfun, fun);
      return Flow::kRaise;
    }
    if (handler == nullptr || handler->is_undefined()) {
      p.error(atoms::undef);
      return Flow::kRaise;
    }
    s.load();
    s.x0 = entry->module;
    s.x1 = fun;
    s.x2 = arguments;
    s.pc = handler->target();
    return Flow::kJump;
  }
};

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

// The entry of a function whose name is a value. The instruction remembers the first one: most
// only ever call that, and those that do not must not write to code that others run. Entries are
// never freed.
[[gnu::always_inline]] inline std::atomic<ExportEntry*>& apply_cache(const State& s, size_t cache) {
  return *reinterpret_cast<std::atomic<ExportEntry*>*>(const_cast<Cell*>(s.pc) + cache);
}
[[gnu::always_inline]] inline ExportEntry* applied_entry(State& s, size_t cache, const Mfa& mfa) {
  ExportEntry* known = apply_cache(s, cache).load(std::memory_order_acquire);
  if (known != nullptr && known->mfa == mfa) return known;
  ExportEntry* entry = s.process().runtime->code->export_entry(mfa);
  if (known == nullptr) apply_cache(s, cache).store(entry, std::memory_order_release);
  return entry;
}
// The cells of their operand that is the cache.
constexpr size_t kApplyCache = layout_of(op_info(Op::apply).signature, 0).offset[0] / sizeof(Cell);
constexpr size_t kApplyLastCache =
    layout_of(op_info(Op::apply_last).signature, 0).offset[0] / sizeof(Cell);
constexpr size_t kApplyListCache =
    layout_of(op_info(Op::apply_list).signature, 0).offset[1] / sizeof(Cell);
constexpr size_t kApplyListLastCache =
    layout_of(op_info(Op::apply_list_last).signature, 0).offset[1] / sizeof(Cell);

// A native that raises for its caller, applied in a tail call: the frame stays while it runs, as in
// op_call_native_last.
inline Flow apply_native_last(State& s, const ExportEntry* entry, size_t slots) {
  const Flow flow = run_native(s, entry, nullptr, slots);
  if (flow != Flow::kNext) return flow;
  return leave_frame_or_yield(s, slots);
}

template <bool kTail>
Flow apply_to_list(State& s, const Cell* next, const ExportEntry* native, size_t cache,
                   size_t slots);

constexpr Mfa kApplyToList = {atoms::erlang, atoms::apply_, 3};

// x[arity]:x[arity+1] with arity arguments: module and function by value.
template <bool kTail>
Flow apply_by_name(State& s, const Cell* next, size_t cache, size_t arity, size_t slots) {
  s.save();
  Process& p = s.process();
  const Term module = s.r->x[arity];
  const Term function = s.r->x[arity + 1];
  if (!module.is_atom() || !function.is_atom()) {
    const Term arguments = make_list(p.heap, {s.r->x, arity});
    p.badarg();
    p.exception_function = &kApplyToList;
    p.exception_arguments = list_of(p.heap, {module, function, arguments});
    return Flow::kRaise;
  }
  const ExportEntry* entry =
      applied_entry(s, cache, {module, function, static_cast<uint32_t>(arity)});
  s.load();
  if (kTail && entry->is_native()) {
    if (entry->mfa == kApplyToList) return apply_to_list<kTail>(s, next, entry, cache, slots);
    if (raises_for_caller(entry->mfa)) return apply_native_last(s, entry, slots);
  }
  if constexpr (kTail) {
    s.sp += slots;
  } else {
    *--s.sp = return_word(next);
  }
  s.pc = entry->target();
  return --s.reductions > 0 ? Flow::kJump : yield_at(s, s.pc, arity);
}

// The function that the instruction remembers.
template <bool kTail>
[[gnu::always_inline]] inline Flow apply_known(State& s, const Cell* next, size_t cache,
                                               size_t arity, size_t slots) {
  const ExportEntry* known = apply_cache(s, cache).load(std::memory_order_acquire);
  if (known == nullptr || s.reductions <= 1) return Flow::kSlow;
  s.save_x();
  const Term* name = s.r->x + arity;
  if (!(known->mfa.module == name[0]) || !(known->mfa.function == name[1])) return Flow::kSlow;
  if (kTail && known->native != nullptr) return Flow::kSlow;
  --s.reductions;
  if constexpr (kTail) {
    s.sp += slots;
  } else {
    *--s.sp = return_word(next);
  }
  s.pc = known->target();
  return Flow::kJump;
}

struct op_apply : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto, auto arity) {
    return apply_known<false>(s, next, kApplyCache, arity.field, 0);
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto, auto arity) {
    return apply_by_name<false>(s, next, kApplyCache, arity.field, 0);
  }
};

struct op_apply_last : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell* next, auto, auto arity, auto slots) {
    return apply_known<true>(s, next, kApplyLastCache, arity.field, slots.field);
  }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto, auto arity, auto slots) {
    return apply_by_name<true>(s, next, kApplyLastCache, arity.field, slots.field);
  }
};

static_assert(kMaxAppliedArguments < kXRegisters);

// Goes to `target` with `live` arguments, in memory: save() was not done since.
template <bool kTail>
[[gnu::always_inline]] inline Flow go_to_applied(State& s, const Cell* next, size_t slots,
                                                 const Cell* target, size_t live) {
  s.load_x();
  if constexpr (kTail) {
    s.sp += slots;
  } else {
    *--s.sp = return_word(next);
  }
  s.pc = target;
  return --s.reductions > 0 ? Flow::kJump : yield_at(s, target, live);
}

// What fails is left to the native, which raises the error. What apply applies to apply, on any
// level, is applied here: it may raise for the caller.
template <bool kTail>
Flow apply_to_list(State& s, const Cell* next, const ExportEntry* native, size_t cache,
                   size_t slots) {
  Term module;
  Term function;
  uint32_t arity;
  while (true) {
    module = s.x0;
    function = s.x1;
    if (!module.is_atom() || !function.is_atom() ||
        spread_arguments(s.x2, kMaxAppliedArguments, s.r->x, &arity) != ArgumentList::kProper) {
      return run_native(s, native, kTail ? nullptr : next, slots);
    }
    if (!(module == kApplyToList.module) || !(function == kApplyToList.function) ||
        arity != kApplyToList.arity) {
      break;
    }
    s.load_x();
    --s.reductions;
  }
  const ExportEntry* entry = applied_entry(s, cache, {module, function, arity});
  if (kTail && entry->is_native() && raises_for_caller(entry->mfa)) {
    s.load_x();
    return apply_native_last(s, entry, slots);
  }
  return go_to_applied<kTail>(s, next, slots, entry->target(), arity);
}

struct op_apply_list : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto native, auto) {
    return apply_to_list<false>(s, next, entry_of(native), kApplyListCache, 0);
  }
};
struct op_apply_list_last : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto, auto, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto native, auto, auto slots) {
    return apply_to_list<true>(s, next, entry_of(native), kApplyListLastCache, slots.field);
  }
};

// A fun that does not fit is the caller's error, not apply's. As in ERTS, whose call has pushed its
// return address by then, traces show the caller both for where it is and for where it goes on.
template <bool kTail>
[[gnu::noinline]] Flow raise_unfit_fun(State& s, const Cell* next, uint32_t arity) {
  const Term fun = s.x0;
  s.load_x();
  if constexpr (!kTail) *--s.sp = return_word(next);
  return raise_bad_fun(s, fun, arity);
}

template <bool kTail>
Flow apply_fun_to_list(State& s, const Cell* next, const ExportEntry* native, size_t slots) {
  const Term fun = s.x0;
  uint32_t arity;
  if (spread_arguments(s.x1, kMaxFunArguments, s.r->x, &arity) != ArgumentList::kProper) {
    return run_native(s, native, kTail ? nullptr : next, slots);
  }
  if (!is_fun(fun) || fun_arity(fun) != arity) return raise_unfit_fun<kTail>(s, next, arity);
  if (!is_kind(fun, Boxed::kLocalFun)) {
    const ExportEntry* entry = export_of(export_fun_identity(fun));
    if (kTail && entry->is_native() && raises_for_caller(entry->mfa)) {
      s.load_x();
      return apply_native_last(s, entry, slots);
    }
    return go_to_applied<kTail>(s, next, slots, entry->target(), arity);
  }
  spread_environment(fun, s.r->x, arity);
  const size_t live = arity + local_fun_identity(fun)->free_count;
  return go_to_applied<kTail>(s, next, slots, local_fun_code(fun), live);
}

struct op_apply_fun : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto native) {
    return apply_fun_to_list<false>(s, next, entry_of(native), 0);
  }
};
struct op_apply_fun_last : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell* next, auto native, auto slots) {
    return apply_fun_to_list<true>(s, next, entry_of(native), slots.field);
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
