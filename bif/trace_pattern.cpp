// erts_internal:trace_pattern/3: which calls, and which messages, are traced
// (https://www.erlang.org/doc/man/erlang#trace_pattern-3).
#include "bif/match_spec.h"
#include "bif/registry.h"
#include "bif/tracing.h"
#include "vm/heap/builder.h"
#include "vm/sched/exclusive.h"
#include "vm/trace/event_filter.h"

namespace joist {

namespace {

using Action = PatternChange::Action;

// What is wrong with a call: the `cause` of its badarg.
struct Refusal {
  Term cause = Term::none();
  bool system_limit = false;
};

// false, true, [], restart, pause, or a match specification.
bool parse_action(Process& p, Term function, Term pattern, PatternChange* change,
                  Refusal* refusal) {
  change->action = Action::kSet;
  if (pattern == atoms::false_) {
    change->action = Action::kClear;
  } else if (pattern == atoms::restart) {
    change->action = Action::kRestart;
  } else if (pattern == atoms::pause) {
    change->action = Action::kPause;
  } else if (!pattern.is_nil() && pattern != atoms::true_) {
    MatchDialect dialect = MatchDialect::kTrace;
    if (function == atoms::send) dialect = MatchDialect::kTraceSend;
    if (function == atoms::receive) dialect = MatchDialect::kTraceReceive;
    MatchCompilation compiled =
        compile_match_spec(pattern, dialect, match_functions(p.runtime->otp_release));
    if (!compiled.ok) {
      *refusal = {atoms::match_spec, compiled.system_limit};
      return false;
    }
    change->spec =
        std::make_shared<TraceSpec>(TraceSpec{std::move(compiled.program), PackedTerm(pattern)});
  }
  return true;
}

// Meta events go to the session's tracer, where it has one; nobody else may be named then.
bool parse_options(const Process& p, const TraceSession& session, Term list, PatternChange* change,
                   bool* global) {
  const bool has_tracer = !session.tracer.is_none();
  for (; list.is_list(); list = list.tail()) {
    const Term option = list.head();
    if (option == atoms::global) {
      if (change->breakpoint) return false;
      *global = true;
      continue;
    }
    if (is_tuple(option)) {
      change->meta = true;
      change->meta_tracer = parse_tracer(atoms::meta, option);
      if (change->meta_tracer.is_none() || has_tracer) return false;
    } else if (*global) {
      return false;
    } else if (option == atoms::local) {
      change->local = true;
    } else if (option == atoms::meta) {
      change->meta = true;
      if (change->meta_tracer.is_none()) change->meta_tracer = has_tracer ? session.tracer : p.pid;
    } else if (option == atoms::call_count) {
      change->call_count = true;
    } else if (option == atoms::call_time) {
      change->call_time = true;
    } else if (option == atoms::call_memory && p.runtime->otp_release >= 26) {
      change->call_memory = true;
    } else {
      return false;
    }
    change->breakpoint = true;
  }
  return list.is_nil();
}

std::optional<FunctionPattern> parse_function(Term function) {
  const std::span<const Term> parts = tuple_elements(function);
  if (parts.size() != 3 || !parts[0].is_atom() || !parts[1].is_atom()) return std::nullopt;
  if (!parts[2].is_small() && parts[2] != atoms::underscore) return std::nullopt;
  unsigned specified = 0;
  while (specified < 3 && parts[specified] != atoms::underscore) ++specified;
  for (unsigned i = specified; i < 3; ++i) {
    if (parts[i] != atoms::underscore) return std::nullopt;
  }
  const int64_t arity = specified == 3 ? parts[2].small_value() : 0;
  if (arity < 0 || arity > UINT32_MAX) return FunctionPattern{parts[0], parts[1], UINT32_MAX, 3};
  return FunctionPattern{parts[0], parts[1], static_cast<uint32_t>(arity), specified};
}

void change_load_pattern(LoadPattern& pattern, const PatternChange& change) {
  const bool on = change.action != Action::kClear;
  const bool sets = change.action == Action::kSet;
  if (change.local || !change.breakpoint) pattern.spec = change.spec;
  if (change.meta) {
    pattern.meta_spec = change.spec;
    pattern.meta_tracer = change.meta_tracer;
  } else if (!change.breakpoint) {
    pattern.meta_spec = nullptr;
    pattern.meta_tracer = Term::none();
  }
  if (!change.breakpoint) {
    if (!pattern.breakpoint) {
      pattern.on = on;
    } else if (on) {
      pattern.breakpoint = pattern.local = pattern.meta = false;
      pattern.call_count = pattern.call_time = pattern.call_memory = false;
      pattern.on = true;
    }
    return;
  }
  if (!pattern.breakpoint && !on) return;
  const auto set = [&](bool& flag, bool wanted, bool counts) {
    if (wanted) flag = on && (!counts || sets || flag);
  };
  if (!pattern.breakpoint) {
    pattern.local = pattern.meta = false;
    pattern.call_count = pattern.call_time = pattern.call_memory = false;
  }
  set(pattern.local, change.local, false);
  set(pattern.meta, change.meta, false);
  set(pattern.call_count, change.call_count, true);
  set(pattern.call_time, change.call_time, true);
  set(pattern.call_memory, change.call_memory, true);
  pattern.breakpoint = pattern.local || pattern.meta || pattern.call_count || pattern.call_time ||
                       pattern.call_memory;
  pattern.on = pattern.breakpoint;
}

// send and 'receive'. none(): there is no such event.
Term change_event(TraceSession& session, Term event, const PatternChange& change) {
  EventPattern* pattern = event == atoms::send      ? &session.send
                          : event == atoms::receive ? &session.receive
                                                    : nullptr;
  if (pattern == nullptr) return Term::none();
  pattern->on = change.action == Action::kSet;
  pattern->spec = change.spec;
  return Term::small(1);
}

Term refuse(Process& p, Term cause) { return p.badarg(cause); }

// The number of functions, or none() with the reason.
Term apply_change(Process& p, TraceSession& session, Term function, const PatternChange& change,
                  bool global) {
  if (function == atoms::on_load) {
    change_load_pattern(session.on_load, change);
    return Term::small(0);
  }
  if (function.is_atom()) {
    const bool counts = change.action == Action::kRestart || change.action == Action::kPause;
    if (global || change.breakpoint || counts) return refuse(p, atoms::none);
    const Term count = change_event(session, function, change);
    return count.is_none() ? refuse(p, atoms::none) : count;
  }
  const std::optional<FunctionPattern> pattern =
      is_tuple(function) ? parse_function(function) : std::nullopt;
  if (!pattern) return refuse(p, atoms::none);
  const size_t count = p.runtime->tracing->patterns().change(session.id, *pattern, change);
  return Term::small(static_cast<int64_t>(count));
}

Term trace_pattern_3(Process& p, Term function, Term pattern, Term options) {
  const Exclusive alone(p);
  if (!alone) return p.yield({function, pattern, options});
  return change_patterns(p, p.runtime->tracing->first_session(), function, pattern, options);
}

// {M, F, A}: how many functions stop for the debugger.
Term breakpoint_2(Process& p, Term function, Term on) {
  const std::optional<FunctionPattern> pattern =
      is_tuple(function) ? parse_function(function) : std::nullopt;
  if (!pattern || (on != atoms::true_ && on != atoms::false_)) return p.badarg();
  const Exclusive alone(p);
  if (!alone) return p.yield({function, on});
  const size_t count = p.runtime->tracing->patterns().debug(*pattern, on == atoms::true_);
  return Term::small(static_cast<int64_t>(count));
}

constexpr NativeEntry kTracePatternNatives[] = {
    {"erts_debug", "breakpoint", native<breakpoint_2>},
    {"erts_internal", "trace_pattern", native<trace_pattern_3>},
};

}  // namespace

Term change_patterns(Process& p, TraceSession& session, Term function, Term pattern, Term options) {
  PatternChange change;
  Refusal refusal;
  bool global = false;
  if (!parse_action(p, function, pattern, &change, &refusal)) {
    if (refusal.system_limit) return p.system_limit();
    return refuse(p, refusal.cause);
  }
  if (!parse_options(p, session, options, &change, &global)) return refuse(p, atoms::badopt);
  const bool only_counts = !change.local && !change.meta && change.breakpoint;
  if (change.spec != nullptr && only_counts) return refuse(p, atoms::call_count);
  return apply_change(p, session, function, change, global);
}

std::span<const NativeEntry> trace_pattern_natives() { return kTracePatternNatives; }

}  // namespace joist
