// Match specifications at work on events: whether one is told of, with what, and what else happens.
#pragma once

#include "vm/match/run.h"
#include "vm/trace/tracing.h"

namespace joist {

// What a trace program does besides deciding. It works on the flags that the process has in one
// session.
class TraceActions final : public MatchActions {
 public:
  // `stack`: where the return address of the call lies; null: it is none.
  TraceActions(Tracing& tracing, Process& process, uint64_t session, const Word* stack = nullptr)
      : tracing_(tracing), process_(process), session_(session), stack_(stack) {}

  Term perform(TraceForm form, std::span<const Term> arguments) override;

  bool wants_return() const { return returns_ || exceptions_; }
  bool wants_plain_return() const { return returns_; }
  bool wants_exceptions() const { return exceptions_; }
  // match_spec_test/3 changes nothing.
  void only_pretend() { pretends_ = true; }

 private:
  Term change_flags(Term target, uint32_t off, uint32_t on, Term tracer);
  Term trace(std::span<const Term> arguments);
  Term set_token(Term what, Term value);
  Term caller(bool with_line);
  Term stacktrace(std::span<const Term> arguments);

  Tracing& tracing_;
  Process& process_;
  uint64_t session_;
  const Word* stack_;
  bool returns_ = false;
  bool exceptions_ = false;
  bool pretends_ = false;
};

// An event of a process (not a call) under the pattern for its sort.
class FilterResult {
 public:
  // `pattern` null: there is none. `ref`: of the process, for the session.
  FilterResult(Tracing& tracing, Process& process, const EventPattern* pattern,
               const ProcessTrace::Ref& ref, std::span<const Term> arguments);
  bool passes() const { return passes_; }
  Term value() const { return value_; }

 private:
  bool passes_ = true;
  Term value_ = atoms::true_;
};

// --- flags by name, for these and for natives ---
uint32_t trace_flag_of(Term name);  // 0: no such flag
Term trace_flag_list(Allocator& heap, uint32_t flags);

struct TraceFlagList {
  uint32_t flags = 0;
  Term tracer = Term::none();
  bool cpu_timestamp = false;
};
// Flags, cpu_timestamp, {tracer, T}, {tracer, Module, T}. False: something else is in it.
bool parse_trace_flags(Term list, TraceFlagList* result);
// {Tag, Tracer} or {Tag, Module, State}; none(): it is not, or nobody can be called.
Term parse_tracer(Term tag, Term tuple);

}  // namespace joist
