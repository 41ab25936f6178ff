#include "vm/trace/call_tracing.h"

#include <algorithm>
#include <vector>

#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/os/clock.h"
#include "vm/proc/stack_trace.h"
#include "vm/trace/event_filter.h"

namespace joist {

namespace {

constexpr size_t kMaxArguments = 256;

// Flags of a meta trace, whatever the process has.
constexpr uint32_t kMetaFlags = trace_flag::kCall | trace_flag::kTimestamp;

Term mfa_term(Allocator& heap, const Mfa& mfa) {
  return make_tuple(heap, {mfa.module, mfa.function, Term::small(mfa.arity)});
}

// Words that the process has ever allocated.
int64_t allocated_words(const Heap& heap) {
  const auto used = static_cast<size_t>(heap.top - heap.start) +
                    static_cast<size_t>(heap.old_top - heap.old_start) + heap.fragment_words;
  return static_cast<int64_t>(heap.words_reclaimed + used);
}

ProcessTrace::Account& account_of(Process& p, uint64_t session) {
  auto& accounts = p.make_extras().make_trace().accounts;
  for (ProcessTrace::Account& account : accounts) {
    if (account.session == session) return account;
  }
  accounts.push_back({session, ProcessTrace::kNoFunction, 0, 0});
  return accounts.back();
}

// Books what has been used since the last time, and goes on for `function`.
void switch_account(Process& p, ProcessTrace::Account& account, uint32_t function) {
  const int64_t now_ns = p.runtime->clock->monotonic_ns();
  const int64_t now_words = allocated_words(p.heap);
  CallPatterns& patterns = p.runtime->tracing->patterns();
  if (account.function != ProcessTrace::kNoFunction) {
    Breakpoint* breakpoint = patterns.find(patterns.name_of(account.function));
    FunctionTrace* trace = breakpoint == nullptr ? nullptr : breakpoint->find(account.session);
    if (trace != nullptr && trace->timing == CountState::kOn) {
      trace->times.add(p.pid, 0, now_ns - account.since_ns);
    }
    if (trace != nullptr && trace->measuring == CountState::kOn) {
      trace->memory.add(p.pid, 0, now_words - account.since_words);
    }
  }
  account.function = function;
  account.since_ns = now_ns;
  account.since_words = now_words;
}

// One call that is being traced, session by session.
class CallTrace {
 public:
  CallTrace(Process& p, Breakpoint& breakpoint, const Word* stack, TracedCall& result)
      : p_(p),
        tracing_(*p.runtime->tracing),
        breakpoint_(breakpoint),
        stack_(stack),
        result_(result),
        arguments_(p.registers->x, breakpoint.mfa.arity) {}

  void trace(FunctionTrace& function, CallPlace place);

 private:
  void tell(const FunctionTrace& function, bool local);
  void tell_meta(FunctionTrace& function);
  void count_time(FunctionTrace& function);
  Term call_term(Allocator& heap, uint32_t flags);
  void push(const TraceFrame& frame) {
    if (result_.count < TracedCall::kMaxFrames) result_.frames[result_.count++] = frame;
  }
  bool returns_to_frame(uint64_t session, TraceFrameKind kind) const;

  Process& p_;
  Tracing& tracing_;
  Breakpoint& breakpoint_;
  const Word* stack_;
  TracedCall& result_;
  std::span<const Term> arguments_;
};

Term rest_of(Allocator& heap, Term context_term) {
  const auto& context = *reinterpret_cast<const MatchContext*>(context_term.object());
  return make_part(heap, context.holder, context.position, context.end - context.position);
}

// A function may be entered with a match context, which nobody else may see.
Term shown(Process& p, Term term) {
  return is_kind(term, Boxed::kMatchContext) ? rest_of(p.heap, term) : term;
}

Term CallTrace::call_term(Allocator& heap, uint32_t flags) {
  const Mfa& mfa = breakpoint_.mfa;
  Term last = Term::small(mfa.arity);
  if ((flags & trace_flag::kArity) == 0) {
    last = Term::nil();
    for (size_t i = mfa.arity; i-- > 0;) last = make_cons(heap, shown(p_, arguments_[i]), last);
  }
  return make_tuple(heap, {mfa.module, mfa.function, last});
}

// Whether a frame of that kind lies on top of the stack, among other such frames: a tail call of a
// function that has it already.
bool CallTrace::returns_to_frame(uint64_t session, TraceFrameKind kind) const {
  const CodeTable& code = *p_.runtime->code;
  const Word* word = stack_;
  while (word < p_.heap.end && is_trace_return(code, *word)) {
    const TraceFrame frame = read_trace_frame(word + 1);
    if (frame.kind == kind && frame.session == session) return true;
    word += kTraceFrameWords;
  }
  return false;
}

void CallTrace::tell(const FunctionTrace& function, bool local) {
  if ((p_.trace_flags & trace_flag::kCall) == 0) return;
  const ProcessTrace::Ref* found = tracing_.ref(p_, function.session);
  if (found == nullptr || (found->flags & trace_flag::kCall) == 0) return;
  // The match program may change it.
  const ProcessTrace::Ref before = *found;
  if (before.tracer == p_.pid) return;
  TraceActions actions(tracing_, p_, function.session, stack_);
  Term value = atoms::true_;
  uint32_t flags = before.flags;
  if (function.spec != nullptr) {
    const TraceSpecRef spec = function.spec;
    Term plain[kMaxArguments];
    for (size_t i = 0; i < arguments_.size(); ++i) plain[i] = shown(p_, arguments_[i]);
    MatchRun run(p_, spec->program, &actions);
    value = run.arguments({plain, arguments_.size()});
    if (value.is_none()) value = atoms::false_;
    found = tracing_.ref(p_, function.session);
    flags = found == nullptr ? 0 : found->flags;
  }
  if ((flags & trace_flag::kSilent) != 0) return;
  if (actions.wants_return()) {
    const bool exceptions = actions.wants_exceptions();
    push({function.session, Term::nil(),
          exceptions ? TraceFrameKind::kException : TraceFrameKind::kReturn, breakpoint_.function});
  }
  if (value == atoms::false_) return;
  if (local && (flags & trace_flag::kReturnTo) != 0 &&
      !returns_to_frame(function.session, TraceFrameKind::kReturnTo)) {
    // Below the frame of the return itself.
    const bool has_return = actions.wants_return();
    TraceFrame last{};
    if (has_return) last = result_.frames[--result_.count];
    push({function.session, Term::nil(), TraceFrameKind::kReturnTo, breakpoint_.function});
    if (has_return) push(last);
  }
  Allocator scratch;
  const TraceEvent event = {atoms::call, call_term(scratch, flags == 0 ? before.flags : flags),
                            Term::none(), value};
  emit(Tracing::source_of(p_), before.tracer, flags == 0 ? before.flags : flags, event);
}

void CallTrace::tell_meta(FunctionTrace& function) {
  const Word bits = function.meta_tracer.load(std::memory_order_relaxed);
  if (bits == 0 || p_.flags.sensitive) return;
  const Term tracer = Term::from_bits(bits);
  if (!is_tracer_alive(*p_.runtime, tracer)) {
    function.meta_tracer.store(0, std::memory_order_relaxed);
    return;
  }
  if (tracer == p_.pid) return;
  TraceActions actions(tracing_, p_, function.session, stack_);
  Term value = atoms::true_;
  if (function.meta_spec != nullptr) {
    const TraceSpecRef spec = function.meta_spec;
    Term plain[kMaxArguments];
    for (size_t i = 0; i < arguments_.size(); ++i) plain[i] = shown(p_, arguments_[i]);
    MatchRun run(p_, spec->program, &actions);
    value = run.arguments({plain, arguments_.size()});
    if (value.is_none()) value = atoms::false_;
  }
  if (actions.wants_return()) {
    const bool exceptions = actions.wants_exceptions();
    push({function.session, tracer,
          exceptions ? TraceFrameKind::kException : TraceFrameKind::kReturn, breakpoint_.function});
  }
  if (value == atoms::false_) return;
  Allocator scratch;
  emit(Tracing::source_of(p_), tracer, kMetaFlags,
       {atoms::call, call_term(scratch, kMetaFlags), Term::none(), value});
}

void CallTrace::count_time(FunctionTrace& function) {
  if ((p_.trace_flags & trace_flag::kCall) == 0) return;
  const ProcessTrace::Ref* ref = tracing_.ref(p_, function.session);
  if (ref == nullptr || (ref->flags & trace_flag::kCall) == 0) return;
  ProcessTrace::Account& account = account_of(p_, function.session);
  const uint32_t caller = account.function;
  switch_account(p_, account, breakpoint_.function);
  if (function.timing == CountState::kOn) function.times.add(p_.pid, 1, 0);
  if (function.measuring == CountState::kOn) function.memory.add(p_.pid, 1, 0);
  // A tail call: what the caller of the caller goes on with is known already.
  const bool has_frame = result_.count != 0 || is_trace_return(*p_.runtime->code, *stack_);
  if (!has_frame) push({function.session, Term::nil(), TraceFrameKind::kTiming, caller});
}

void CallTrace::trace(FunctionTrace& function, CallPlace place) {
  const bool at_function = place != CallPlace::kExport;
  if (function.local && at_function) {
    tell(function, true);
  } else if (function.global && place != CallPlace::kFunction) {
    tell(function, false);
  }
  if (!at_function) return;
  if (function.meta) tell_meta(function);
  if (function.counting == CountState::kOn) {
    function.count.fetch_add(1, std::memory_order_relaxed);
  }
  if (function.timing == CountState::kOn || function.measuring == CountState::kOn) {
    count_time(function);
  }
}

}  // namespace

const Cell* calling_code(const Process& p, const Word* word) {
  while (word < p.heap.end && is_trace_return(*p.runtime->code, *word)) {
    if (read_trace_frame(word + 1).kind == TraceFrameKind::kPlace) {
      word += kTraceFrameSlots;
      break;
    }
    word += kTraceFrameWords;
  }
  if (word >= p.heap.end || !is_return_word(*word)) return nullptr;
  return reinterpret_cast<const Cell*>(*word - 7);
}

TracedCall trace_call(Process& p, Breakpoint& breakpoint, CallPlace place, const Word* stack) {
  TracedCall result;
  CallTrace trace(p, breakpoint, stack, result);
  for (const auto& function : breakpoint.sessions) trace.trace(*function, place);
  result.debugged = breakpoint.debugged && place == CallPlace::kFunction;
  return result;
}

namespace {

struct FrameTracer {
  Term tracer = Term::none();  // none(): nobody is to be told
  uint32_t flags = 0;
};

FrameTracer tracer_of(Process& p, const TraceFrame& frame) {
  if (!frame.tracer.is_nil()) return {frame.tracer, kMetaFlags};
  const ProcessTrace::Ref* ref = p.runtime->tracing->ref(p, frame.session);
  if (ref == nullptr || p.flags.sensitive || (ref->flags & trace_flag::kCall) == 0) return {};
  return {ref->tracer, ref->flags};
}

void tell_return_to(Process& p, const TraceFrame& frame, const Cell* code) {
  const FrameTracer to = tracer_of(p, frame);
  if (to.tracer.is_none() || (to.flags & trace_flag::kReturnTo) == 0) return;
  Allocator scratch;
  const Module* module = code == nullptr ? nullptr : p.runtime->code->find_code(code - 1);
  const FunctionRange* function = module == nullptr ? nullptr : module->function_at(code - 1);
  Term place = atoms::undefined;
  if (function != nullptr) {
    place = mfa_term(scratch, {module->name, function->name, function->arity});
  }
  emit(Tracing::source_of(p), to.tracer, to.flags, {atoms::return_to, place});
}

void tell_exception(Process& p, const TraceFrame& frame, Term exception_class, Term reason) {
  const FrameTracer to = tracer_of(p, frame);
  if (frame.kind != TraceFrameKind::kException || to.tracer.is_none()) return;
  Allocator scratch;
  const Mfa& mfa = p.runtime->tracing->patterns().name_of(frame.function);
  emit(Tracing::source_of(p), to.tracer, to.flags,
       {atoms::exception_from, mfa_term(scratch, mfa),
        make_tuple(scratch, {exception_class, reason})});
}

// Since that release who catches an exception is told of as return_to whenever traced functions
// were unwound, before only when it called one of them itself.
constexpr int kReturnToAnyHandler = 27;

// The frames of return_to that an exception unwinds, one a session, as far as they are told of.
class ReturnsTo {
 public:
  explicit ReturnsTo(bool any_handler) : any_handler_(any_handler) {}

  void pass_return_to(const TraceFrame& frame) {
    if (!any_handler_ && !is_pending_) frames_.clear();
    is_pending_ = true;
    const auto is_of_session = [&frame](const TraceFrame& other) {
      return other.session == frame.session;
    };
    if (std::none_of(frames_.begin(), frames_.end(), is_of_session)) frames_.push_back(frame);
  }
  // The frame of a function, which may be the handler's.
  void pass_frame() {
    if (!any_handler_ && !is_pending_) frames_.clear();
    is_pending_ = false;
  }
  void pass_place() {
    if (!any_handler_) frames_.clear();
    is_pending_ = false;
  }
  std::span<const TraceFrame> told() const {
    return any_handler_ || !is_pending_ ? std::span<const TraceFrame>(frames_)
                                        : std::span<const TraceFrame>();
  }

 private:
  const bool any_handler_;
  bool is_pending_ = false;  // the frame of whoever called the traced function comes next
  std::vector<TraceFrame> frames_;
};

}  // namespace

void trace_return(Process& p, const TraceFrame& frame, Term value, const Word* stack) {
  if (frame.kind == TraceFrameKind::kTiming) {
    return switch_account(p, account_of(p, frame.session), frame.function);
  }
  if (frame.kind == TraceFrameKind::kReturnTo) {
    return tell_return_to(p, frame, calling_code(p, stack));
  }
  if (frame.kind == TraceFrameKind::kPlace) return;
  const FrameTracer to = tracer_of(p, frame);
  if (to.tracer.is_none()) return;
  Allocator scratch;
  const Mfa& mfa = p.runtime->tracing->patterns().name_of(frame.function);
  emit(Tracing::source_of(p), to.tracer, to.flags,
       {atoms::return_from, mfa_term(scratch, mfa), value});
}

void trace_unwinding(Process& p, Term exception_class, Term reason, const Word* end,
                     const Cell* handler) {
  const CodeTable& code = *p.runtime->code;
  ReturnsTo returns(p.runtime->otp_release >= kReturnToAnyHandler);
  for (const Word* word = p.heap.limit; word < end; ++word) {
    if (!is_return_word(*word)) continue;
    if (!is_trace_return(code, *word)) {
      returns.pass_frame();
      continue;
    }
    const TraceFrame frame = read_trace_frame(word + 1);
    tell_exception(p, frame, exception_class, reason);
    if (frame.kind == TraceFrameKind::kTiming) {
      switch_account(p, account_of(p, frame.session), frame.function);
    } else if (frame.kind == TraceFrameKind::kReturnTo) {
      returns.pass_return_to(frame);
    } else if (frame.kind == TraceFrameKind::kPlace) {
      returns.pass_place();
    }
    word += kTraceFrameSlots;
  }
  if (handler == nullptr) return;
  for (const TraceFrame& frame : returns.told()) tell_return_to(p, frame, handler + 1);
}

void pause_call_times(Process& p, bool in) {
  if (p.extras == nullptr || p.extras->trace == nullptr) return;
  for (ProcessTrace::Account& account : p.extras->trace->accounts) {
    if (account.function == ProcessTrace::kNoFunction) continue;
    if (in) {
      account.since_ns = p.runtime->clock->monotonic_ns();
      account.since_words = allocated_words(p.heap);
    } else {
      switch_account(p, account, account.function);
    }
  }
}

}  // namespace joist
