#include "vm/exec/exception.h"

#include <algorithm>
#include <cstring>

#include "vm/code/code_table.h"
#include "vm/exec/dispatch.h"
#include "vm/heap/map_build.h"
#include "vm/sched/system_flags.h"
#include "vm/term/bits.h"
#include "vm/trace/call_tracing.h"

namespace joist {

Term exception_class_atom(ExceptionClass exception) {
  switch (exception) {
    case ExceptionClass::kError:
      return atoms::error;
    case ExceptionClass::kExit:
      return atoms::exit;
    case ExceptionClass::kThrow:
      return atoms::throw_;
  }
  return atoms::error;
}

namespace {

// The module that explains the errors of a native (erl_erts_errors and kin), or none().
Term error_format_module(Term module) {
  static constexpr Term kErts[] = {atoms::atomics, atoms::counters, atoms::erlang,
                                   atoms::erts_internal, atoms::persistent_term};
  static constexpr Term kStdlib[] = {atoms::binary, atoms::ets, atoms::lists,  atoms::maps,
                                     atoms::math,   atoms::re,  atoms::unicode};
  for (Term name : kErts) {
    if (module == name) return atoms::erl_erts_errors;
  }
  for (Term name : kStdlib) {
    if (module == name) return atoms::erl_stdlib_errors;
  }
  return module == atoms::os ? atoms::erl_kernel_errors : Term::none();
}

Term error_info_list(Process& p) {
  Term info = p.exception_info;
  // A function that is not there has nobody to explain its errors.
  const bool is_native = p.exception_function != nullptr && !(p.exception_reason == atoms::undef);
  if (info.is_none() && is_native) {
    const Term format_module = error_format_module(p.exception_function->module);
    if (format_module.is_none()) return Term::nil();
    const Term pairs[] = {atoms::module, format_module, atoms::cause, p.error_cause};
    info = make_map(p.heap, {pairs, p.error_cause.is_none() ? size_t{2} : size_t{4}});
  }
  if (info.is_none()) return Term::nil();
  return make_cons(p.heap, make_tuple(p.heap, {atoms::error_info, info}), Term::nil());
}

struct CatchPlace {
  Word* frame;          // y0 of the frame that holds the catch
  const Cell* handler;  // null: there is none
};

// Looks at `most` words of the stack and on to the end of the frame. None found: `frame` is the
// first that it has not looked at.
CatchPlace find_catch(const Process& p, int64_t most) {
  Word* frame = p.heap.limit;
  Word* const stop = frame + std::min<int64_t>(most, p.heap.end - frame);
  Word* slot = frame;
  for (; slot < p.heap.end && (slot < stop || slot != frame); ++slot) {
    if (is_return_word(*slot)) {
      frame = slot + 1;
    } else if (Term::from_bits(*slot).is_catch()) {
      return {frame, reinterpret_cast<const Cell*>(Term::from_bits(*slot).payload())};
    }
  }
  return {slot, nullptr};
}

// Words of the stack that one slice looks at.
constexpr int64_t kWordsPerSlice = int64_t{64} << 10;
constexpr int64_t kWordsPerStressSlice = 20;
constexpr int64_t kWordsPerReduction = 16;

int64_t words_at_once(const Process& p) {
  return p.registers->gc_stress ? kWordsPerStressSlice : kWordsPerSlice;
}

// Unwinding a deep stack takes several slices. In between the process stands here, and what is
// raised is in exception_*.
const Cell* unwinding_code() {
  static const Cell cell = reinterpret_cast<Cell>(&raise_exception);
  return &cell;
}

void leave_unwinding(Process& p) {
  p.code_pointer = unwinding_code();
  p.live = 0;
  p.run_outcome = RunOutcome::kYielded;
}

struct SuspendedGathering final : SuspendedNative {
  explicit SuspendedGathering(const AddressGathering& begun) : gathering(begun) {}
  AddressGathering gathering;
};

Term make_raw_trace(Process& p, std::span<const Word> addresses) {
  const Term exception = exception_class_atom(p.exception_class);
  Term function = Term::nil();
  if (const Mfa* mfa = p.exception_function) {
    function = make_tuple(p.heap, {mfa->module, mfa->function, Term::small(mfa->arity)});
  }
  const Term arguments =
      p.exception_arguments.is_none() ? Term(atoms::true_) : p.exception_arguments;
  const Term binary = make_binary(
      p.heap, ByteSpan(reinterpret_cast<const uint8_t*>(addresses.data()), addresses.size_bytes()));
  return make_tuple(p.heap, {exception, function, arguments, error_info_list(p), binary});
}

AddressGathering begin_gathering(const Process& p) {
  // The first entry is there at any depth.
  size_t limit = std::max<size_t>(backtrace_depth(p), 1);
  if (p.exception_function != nullptr) --limit;
  return {p, limit};
}

// The raw trace of the exception in the process (exception_*, code_pointer, stack). none(): in a
// later slice.
Term raw_trace(Process& p) {
  if (p.trace_kind == StackTraceKind::kRaw) return p.exception_trace;
  if (p.trace_kind == StackTraceKind::kGiven) {
    return make_tuple(p.heap, {exception_class_atom(p.exception_class), p.exception_trace});
  }
  std::unique_ptr<SuspendedGathering> job;
  if (p.code_pointer == unwinding_code()) job = p.resume<SuspendedGathering>();
  AddressGathering gathering = job != nullptr ? job->gathering : begin_gathering(p);
  int64_t budget = words_at_once(p);
  if (gathering.run(p, &budget)) return make_raw_trace(p, gathering.addresses());
  p.charge(words_at_once(p) / kWordsPerReduction);
  p.suspended = std::make_unique<SuspendedGathering>(gathering);
  leave_unwinding(p);
  return Term::none();
}

}  // namespace

Term build_stacktrace(Process& p, Term raw_trace) {
  if (!is_tuple(raw_trace)) return Term::nil();
  const std::span<Term> parts = tuple_elements(raw_trace);
  if (parts.size() == 2) return parts[1];
  if (parts.size() != 5 || !is_binary(parts[4])) return Term::nil();
  Term arguments = parts[2];
  Term info = parts[3];
  ListBuilder trace(p.heap);
  if (is_tuple(parts[1])) {
    const std::span<Term> mfa = tuple_elements(parts[1]);
    const bool shows_arguments = arguments.is_list() || arguments.is_nil();
    trace.add(make_tuple(p.heap, {mfa[0], mfa[1], shows_arguments ? arguments : mfa[2], info}));
    arguments = atoms::true_;
    info = Term::nil();
  }
  Word addresses[kMaxBacktraceDepth];
  const size_t count = bits_size(parts[4]) / 64;
  const BitsView view = bits_view(parts[4]);
  std::memcpy(addresses, view.base + view.offset / 8, count * sizeof(Word));
  const Module* module = nullptr;
  for (size_t i = 0; i < count; ++i) {
    const Cell* address = code_of_address(addresses[i]);
    if (module == nullptr || !module->contains(address)) {
      module = p.runtime->code->find_code(address);
      if (module == nullptr) continue;
    }
    const Term entry = make_trace_entry(p.heap, *module, address, arguments, info);
    if (!entry.is_none()) trace.add(entry);
    arguments = atoms::true_;
    info = Term::nil();
  }
  return trace.finish();
}

Flow raise_again(State& s, Term raw_trace, Term reason) {
  s.save();
  Process& p = s.process();
  if (!is_tuple(raw_trace) || tuple_size(raw_trace) < 2) {
    p.badarg();
    return Flow::kRaise;
  }
  const Term exception = tuple_elements(raw_trace)[0];
  p.raise(exception == atoms::error  ? ExceptionClass::kError
          : exception == atoms::exit ? ExceptionClass::kExit
                                     : ExceptionClass::kThrow,
          reason);
  p.trace_kind = StackTraceKind::kRaw;
  p.exception_trace = raw_trace;
  return Flow::kRaise;
}

__attribute__((noinline)) JOIST_HANDLER_ABI void raise_exception(JOIST_HANDLER_PARAMETERS) {
  State s{JOIST_HANDLER_ARGUMENTS};
  Process& p = s.process();
  const Term raw = raw_trace(p);
  if (raw.is_none()) return;
  p.exception_function = nullptr;
  p.exception_arguments = p.exception_info = p.error_cause = Term::none();
  const bool is_traced = p.runtime->tracing != nullptr && p.runtime->tracing->patterns().were_any();
  const CatchPlace place = find_catch(p, is_traced ? INT64_MAX : words_at_once(p));
  if (place.handler == nullptr && place.frame != p.heap.end) {
    // The frames so far have nothing to say any more.
    p.charge((place.frame - p.heap.limit) / kWordsPerReduction);
    p.heap.limit = place.frame;
    p.trace_kind = StackTraceKind::kRaw;
    p.exception_trace = raw;
    return leave_unwinding(p);
  }
  if (place.handler == nullptr && p.exception_class == ExceptionClass::kThrow) {
    p.exception_class = ExceptionClass::kError;
    p.exception_reason = make_tuple(p.heap, {atoms::nocatch, p.exception_reason});
  }
  if (is_traced) {
    trace_unwinding(p, exception_class_atom(p.exception_class), p.exception_reason, place.frame,
                    place.handler);
  }
  if (place.handler == nullptr) {
    p.exception_trace = build_stacktrace(p, raw);
    p.run_outcome = RunOutcome::kExited;
    p.exited_by_exception = true;
    return;
  }
  p.heap.limit = place.frame;
  s.load();
  s.pc = place.handler;
  s.x0 = Term::none();
  s.x1 = p.exception_reason;
  s.x2 = raw;
  s.x3 = exception_class_atom(p.exception_class);
  p.exception_reason = p.exception_trace = Term::nil();
  JOIST_DISPATCH(s);
}

}  // namespace joist
