#include "vm/trace/event_filter.h"

#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process_table.h"
#include "vm/proc/stack_trace.h"
#include "vm/sched/deliver.h"
#include "vm/term/bignum.h"
#include "vm/term/print.h"
#include "vm/trace/sequential.h"
#include "vm/trace/stack_frames.h"

namespace joist {

namespace {

// A process' flags, changed by the trace program of another.
void on_change(Process& receiver, Signal& signal) {
  if (receiver.is_exiting) return;
  Tracing& tracing = *receiver.runtime->tracing;
  const std::span<const Term> parts = tuple_elements(signal.value);
  TraceSession* session = tracing.session(static_cast<uint64_t>(parts[0].small_value()));
  if (session == nullptr) return;
  tracing.replace_flags(receiver, *session, static_cast<uint32_t>(parts[1].small_value()),
                        static_cast<uint32_t>(parts[2].small_value()), parts[3]);
}

}  // namespace

Term TraceActions::change_flags(Term target, uint32_t off, uint32_t on, Term tracer) {
  if (pretends_) return atoms::true_;
  TraceSession* session = tracing_.session(session_);
  if (session == nullptr) return Term::none();
  if (target.is_atom()) target = process_.runtime->names->find(target);
  if (!target.is_local_pid() || process_.runtime->processes->find(target) == nullptr) {
    return Term::none();
  }
  if (!session->tracer.is_none()) tracer = session->tracer;
  // Without a tracer, named or of the process that says so, nothing of it is traced any more.
  if (tracer.is_none()) {
    off = ~uint32_t{0};
    on = 0;
  }
  if (target == process_.pid) {
    tracing_.replace_flags(process_, *session, off, on, tracer);
    return atoms::true_;
  }
  Allocator scratch;
  const Term value =
      make_tuple(scratch, {Term::small(static_cast<int64_t>(session_)), Term::small(off),
                           Term::small(on), tracer.is_none() ? Term(Term::nil()) : tracer});
  Signal* signal =
      new_signal_of(SignalKind::kRequest, process_.pid, value, process_.runtime->literals);
  signal->request = on_change;
  deliver(process_, target, signal);
  return atoms::true_;
}

// {trace, Off, On}, {trace, Pid, Off, On}
Term TraceActions::trace(std::span<const Term> arguments) {
  const bool has_target = arguments.size() == 3;
  const std::span<const Term> lists = arguments.last(2);
  TraceFlagList off;
  TraceFlagList on;
  if (!parse_trace_flags(lists[0], &off) || !parse_trace_flags(lists[1], &on) ||
      off.cpu_timestamp || on.cpu_timestamp) {
    return Term::none();
  }
  const ProcessTrace::Ref* ref = tracing_.ref(process_, session_);
  Term tracer = ref == nullptr ? Term::none() : ref->tracer;
  if (!off.tracer.is_none()) tracer = off.tracer;
  if (!on.tracer.is_none()) tracer = on.tracer;
  return change_flags(has_target ? arguments[0] : process_.pid, off.flags, on.flags, tracer);
}

Term TraceActions::set_token(Term what, Term value) {
  if (pretends_) return process_token(process_);
  const Term before = set_token_part(process_, what, value);
  return before.is_none() ? Term::none() : process_token(process_);
}

Term TraceActions::caller(bool with_line) {
  const Cell* address = stack_ == nullptr ? nullptr : calling_code(process_, stack_);
  const Module* module =
      address == nullptr ? nullptr : process_.runtime->code->find_code(address - 1);
  const FunctionRange* function = module == nullptr ? nullptr : module->function_at(address - 1);
  if (function == nullptr) return atoms::undefined;
  const Term arity = Term::small(function->arity);
  if (!with_line) return make_tuple(process_.heap, {module->name, function->name, arity});
  Term location = atoms::undefined;
  const std::optional<LinePoint> point = module->line_at(address - 1);
  if (point && point->line != 0) {
    location = make_tuple(
        process_.heap, {tuple_elements(module->files[point->file])[1], Term::small(point->line)});
  }
  return make_tuple(process_.heap, {module->name, function->name, arity, location});
}

Term TraceActions::stacktrace(std::span<const Term> arguments) {
  size_t depth = kBacktraceDepth;
  if (!arguments.empty()) {
    if (!arguments[0].is_small() || arguments[0].small_value() < 0) return Term::none();
    depth = std::min(depth, static_cast<size_t>(arguments[0].small_value()));
  }
  if (pretends_) return Term::nil();
  Word addresses[kBacktraceDepth + 1];
  const size_t count = gather_addresses(process_, addresses, kBacktraceDepth + 1);
  ListBuilder list(process_.heap);
  // The first is the function called, which the trace message tells already.
  for (size_t i = 1; i < count && i <= depth; ++i) {
    const Cell* place = code_of_address(addresses[i]);
    const Module* module = process_.runtime->code->find_code(place);
    if (module == nullptr) continue;
    const Term entry = make_trace_entry(process_.heap, *module, place, atoms::true_, Term::nil());
    if (!entry.is_none()) list.add(entry);
  }
  return list.finish();
}

Term TraceActions::perform(TraceForm form, std::span<const Term> arguments) {
  Runtime& runtime = *process_.runtime;
  switch (form) {
    case TraceForm::kMessage:
      return atoms::true_;
    case TraceForm::kIsSeqTrace:
      return boolean(!process_token(process_).is_nil());
    case TraceForm::kSetSeqToken:
      return set_token(arguments[0], arguments[1]);
    case TraceForm::kGetSeqToken:
      return process_token(process_);
    case TraceForm::kReturnTrace:
      returns_ = true;
      return atoms::true_;
    case TraceForm::kExceptionTrace:
      exceptions_ = true;
      return atoms::true_;
    case TraceForm::kDisplay: {
      const std::string text = term_text(arguments[0], INT64_MAX) + "\n";
      fwrite(text.data(), 1, text.size(), stderr);
      return atoms::true_;
    }
    case TraceForm::kProcessDump:
      return make_binary(process_.heap, tracing_.process_dump(process_));
    case TraceForm::kEnableTrace:
    case TraceForm::kDisableTrace: {
      const uint32_t flag = trace_flag_of(arguments.back());
      if (flag == 0) return Term::none();
      const Term target = arguments.size() == 2 ? arguments[0] : process_.pid;
      const bool on = form == TraceForm::kEnableTrace;
      const ProcessTrace::Ref* ref = tracing_.ref(process_, session_);
      return change_flags(target, on ? 0 : flag, on ? flag : 0,
                          ref == nullptr ? Term::none() : ref->tracer);
    }
    case TraceForm::kTrace:
      return trace(arguments);
    case TraceForm::kCaller:
      return caller(false);
    case TraceForm::kCallerLine:
      return caller(true);
    case TraceForm::kCurrentStacktrace:
      return stacktrace(arguments);
    case TraceForm::kSilent:
      if (pretends_) return atoms::true_;
      if (TraceSession* session = tracing_.session(session_)) {
        const uint32_t silent = trace_flag::kSilent;
        if (arguments[0] == atoms::true_) {
          tracing_.replace_flags(process_, *session, 0, silent, Term::none());
        } else if (arguments[0] == atoms::false_) {
          tracing_.replace_flags(process_, *session, silent, 0, Term::none());
        }
      }
      return atoms::true_;
    case TraceForm::kSetControlWord: {
      if (!arguments[0].is_small() || arguments[0].small_value() < 0 ||
          arguments[0].small_value() > UINT32_MAX) {
        return Term::none();
      }
      const auto word = static_cast<uint32_t>(arguments[0].small_value());
      return Term::small(pretends_ ? runtime.tracing->control_word.load()
                                   : runtime.tracing->control_word.exchange(word));
    }
    case TraceForm::kGetControlWord:
      return Term::small(runtime.tracing->control_word.load());
  }
  return Term::none();
}

FilterResult::FilterResult(Tracing& tracing, Process& p, const EventPattern* pattern,
                           const ProcessTrace::Ref& ref, std::span<const Term> arguments) {
  if (pattern == nullptr || !pattern->on) {
    passes_ = false;
    return;
  }
  if (pattern->spec == nullptr) return;
  TraceActions actions(tracing, p, ref.session);
  MatchRun run(p, pattern->spec->program, &actions);
  value_ = run.arguments(arguments);
  const ProcessTrace::Ref* now = tracing.ref(p, ref.session);
  passes_ = !value_.is_none() && value_ != atoms::false_ &&
            (now == nullptr || (now->flags & trace_flag::kSilent) == 0);
}

}  // namespace joist
