#include "vm/exec/support.h"

#include <algorithm>

#include "vm/code/code_table.h"
#include "vm/code/fun_call.h"
#include "vm/exec/op_frame.h"
#include "vm/exec/traced_call.h"
#include "vm/proc/stack_trace.h"

namespace joist {

Flow collect_first_gc(State& s, size_t need, size_t live) {
  s.save();
  if (leave_for_collection(s.process(), need, static_cast<uint32_t>(live))) return Flow::kLeave;
  return collect_gc(s, need, live);
}

bool tidy_full_heap_gc(Process& p, size_t live, Term* result, size_t need) {
  p.registers->x[live] = *result;
  const bool alive = p.collect_gc(need, static_cast<uint32_t>(live + 1));
  *result = p.registers->x[live];
  return alive;
}

// erlang:error/1,2,3, exit/1 and throw/1 raise for the code that calls them.
bool raises_for_caller(const Mfa& mfa) {
  if (!(mfa.module == atoms::erlang)) return false;
  if (mfa.function == atoms::error) return mfa.arity <= 3;
  return mfa.arity == 1 && (mfa.function == atoms::exit || mfa.function == atoms::throw_);
}

void blame_native(Process& p, const Mfa& mfa, const Term* arguments) {
  if (p.trace_kind != StackTraceKind::kBuild || raises_for_caller(mfa)) return;
  p.exception_function = &mfa;
  p.exception_arguments = make_list(p.heap, {arguments, mfa.arity});
}

namespace {

// Waits in the native with as small a heap as there can be; it is not made again if it is.
Flow rest_gc(Process& p, const ExportEntry* entry) {
  constexpr ptrdiff_t kSpare = 1;  // words that the collection leaves
  const bool is_small = p.heap.top == p.heap.high_water && p.heap.limit - p.heap.top <= kSpare;
  if (!is_small && p.messages.length() == 0 && !p.collect_gc(0, p.live, Collection::kHibernate)) {
    return Flow::kLeave;
  }
  p.code_pointer = entry->native_stub;
  p.run_outcome = p.messages.length() == 0 ? RunOutcome::kWaiting : RunOutcome::kYielded;
  return Flow::kLeave;
}

// All that is left of the stack is the way out, at its bottom.
Flow hibernate_gc(Process& p, const ExportEntry* entry) {
  p.heap.limit = p.heap.end - 1;
  return rest_gc(p, entry);
}

}  // namespace

Flow settle_native(State& s, const ExportEntry* entry, const Cell* next, size_t slots) {
  Process& p = s.process();
  switch (p.outcome) {
    case NativeOutcome::kRaise:
      blame_native(p, entry->mfa, s.r->x);
      return Flow::kRaise;
    case NativeOutcome::kTraced:
      return run_traced_native(s, entry, next, slots);
    case NativeOutcome::kExit:
      return Flow::kLeave;
    case NativeOutcome::kHibernate:
      return hibernate_gc(p, entry);
    case NativeOutcome::kDirty:
      p.live = entry->mfa.arity;
      break;
    case NativeOutcome::kTrap:
      // What it has built is as good a reason to collect as a result: a loop of calls that all
      // trap reaches no other place that does.
      if ((p.heap.wants_collection() || p.registers->stress_due()) && !p.collect_gc(0, p.live)) {
        return Flow::kLeave;
      }
      break;
    case NativeOutcome::kYield:
    case NativeOutcome::kRest:
      break;
  }
  const NativeOutcome outcome = p.outcome;
  const bool yields = outcome != NativeOutcome::kTrap;
  const Cell* target = yields ? entry->native_stub : p.trap_code;
  // What comes later is still for a stack trace of where it was called.
  const bool is_in_caller = next == nullptr && s.pc != entry->native_stub;
  if (yields && is_in_caller && !make_room_for_place_gc(p)) return Flow::kLeave;
  s.load();
  if (next != nullptr) {
    *--s.sp = return_word(next);
  } else {
    s.sp += slots;
  }
  if (yields && is_in_caller && s.has_room(kTraceFrameWords)) push_place(s, s.pc);
  s.pc = target;
  if (!yields && s.reductions > 0) return Flow::kJump;
  s.save();
  if (outcome == NativeOutcome::kRest) return rest_gc(p, entry);
  p.run_outcome = outcome == NativeOutcome::kDirty ? RunOutcome::kDirty : RunOutcome::kYielded;
  return Flow::kLeave;
}

// The entry of the function that the address is in, unless it is the one that was noted before.
static const Cell* note_hot(CodeTable& code, const Cell* address, const Cell* noted) {
  const Module* module = code.find_code(address);
  const FunctionRange* range = module == nullptr ? nullptr : module->function_at(address);
  if (range == nullptr) return nullptr;
  const Cell* entry = &module->cells[range->entry];
  if (entry != noted && code.splicer().is_hot(entry)) code.splicer().splice(*module, entry);
  return entry;
}

// A timeslice is a sample of what is called, and of what calls.
[[gnu::noinline]] static void note_hot(const Process& p, const Cell* target) {
  CodeTable& code = *p.runtime->code;
  const Cell* noted = note_hot(code, target, nullptr);
  constexpr ptrdiff_t kLongestFrame = 64;
  const Word* end = std::min<const Word*>(p.heap.end, p.heap.limit + kLongestFrame);
  const Word* caller = std::find_if(static_cast<const Word*>(p.heap.limit), end, is_return_word);
  if (caller != end) note_hot(code, code_of_return_word(*caller), noted);
}

// The time to collect the messages that a process has taken, if its code never does.
Flow yield_at(State& s, const Cell* target, size_t live) {
  s.pc = target;
  s.save();
  Process& p = s.process();
  p.live = static_cast<uint32_t>(live);
  p.run_outcome = RunOutcome::kYielded;
  if (p.reductions <= 0) note_hot(p, target);
  if (p.heap.wants_collection()) p.collect_gc(0, p.live);
  return Flow::kLeave;
}

Flow yield_at_function(State& s) {
  CodeTable& code = *s.process().runtime->code;
  const auto is_stub = [&](Op op) {
    return *s.pc == code.handlers().handlers[static_cast<size_t>(op)][0];
  };
  if (is_stub(Op::unprepared_stub) || is_stub(Op::prepared_stub)) s.pc = code.prepare(s.pc);
  // A stub that calls a native has no header.
  const ExportEntry* native = code.find_stub(s.pc);
  return yield_at(s, s.pc, native == nullptr ? header_of_function(s.pc).arity : native->mfa.arity);
}

Flow yield_at_return(State& s) {
  if (s.process().runtime->code->find_code(s.pc) != nullptr) return yield_at(s, s.pc, 1);
  s.reductions = 1;
  return Flow::kJump;
}

const Cell* enter_fun(State& s, Term fun, size_t arity) {
  if (header_kind(fun.header()) == Boxed::kExportFun) {
    return export_of(export_fun_identity(fun))->target();
  }
  s.save_x();
  spread_environment(fun, s.r->x, arity);
  s.load_x();
  return local_fun_code(fun);
}

Flow raise_bad_fun(State& s, Term fun, size_t arity) {
  s.save();
  Process& p = s.process();
  if (!is_fun(fun)) {
    p.error_tuple(atoms::badfun, fun);
  } else {
    const Term arguments = make_list(p.heap, {s.r->x, arity});
    p.error_tuple(atoms::badarity, make_tuple(p.heap, {fun, arguments}));
  }
  return Flow::kRaise;
}

}  // namespace joist
