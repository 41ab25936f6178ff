// Trace sessions of OTP 27: what the module trace calls
// (https://www.erlang.org/doc/apps/kernel/trace.html).
//
// A session is {Strong, {Name, Weak}}, two references to it. When nobody has the strong one any
// more, the session ends as if it had been destroyed.
#include "bif/magic.h"
#include "bif/registry.h"
#include "bif/tracing.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_table.h"
#include "vm/sched/exclusive.h"

namespace joist {

namespace {

struct StrongSession {
  Tracing* tracing;
  uint64_t id;
  StrongSession(Tracing* of, uint64_t session) : tracing(of), id(session) {}
  StrongSession(const StrongSession&) = delete;
  StrongSession& operator=(const StrongSession&) = delete;
  ~StrongSession() { tracing->abandon_session(id); }
};
struct WeakSession {
  uint64_t id;
};

// The number of the session that the term names; nullopt: it names none.
std::optional<uint64_t> session_number(Term term) {
  if (!is_tuple(term) || tuple_size(term) != 2) return std::nullopt;
  const std::span<const Term> parts = tuple_elements(term);
  if (const StrongSession* strong = Magic<StrongSession>::get(parts[0])) return strong->id;
  if (const WeakSession* weak = Magic<WeakSession>::get(parts[1])) return weak->id;
  return std::nullopt;
}

TraceSession* find_session(Process& p, Term term) {
  if (term == atoms::legacy) return &p.runtime->tracing->first_session();
  const std::optional<uint64_t> id = session_number(term);
  return id ? p.runtime->tracing->session(*id) : nullptr;
}

Term weak_reference(Process& p, const TraceSession& session) {
  return make_tuple(p.heap,
                    {session.name, Magic<WeakSession>::make(p, 0, WeakSession{session.id})});
}

Term no_session(Process& p) { return p.badarg(atoms::session); }

Term trace_4(Process& p, Term name, Term what, Term how, Term list) {
  const Exclusive alone(p);
  if (!alone) return p.yield({name, what, how, list});
  TraceSession* session = find_session(p, name);
  return session == nullptr ? no_session(p) : change_tracees(p, *session, what, how, list);
}

Term trace_pattern_4(Process& p, Term name, Term what, Term pattern, Term options) {
  const Exclusive alone(p);
  if (!alone) return p.yield({name, what, pattern, options});
  TraceSession* session = find_session(p, name);
  return session == nullptr ? no_session(p) : change_patterns(p, *session, what, pattern, options);
}

bool concerns(Process& p, const TraceSession& session, Term what) {
  if (what == atoms::any) return true;
  if (what == atoms::send) return session.send.on;
  if (what == atoms::receive) return session.receive.on;
  if (what == atoms::on_load) return session.on_load.on;
  if (what == atoms::new_ || what == atoms::new_processes) return session.new_process_flags != 0;
  if (what == atoms::new_ports) return session.new_port_flags != 0;
  if (what.is_local_pid()) {
    Process* process = p.runtime->processes->find(what);
    return process != nullptr && p.runtime->tracing->ref(*process, session.id) != nullptr;
  }
  if (!is_tuple(what) || tuple_size(what) != 3) return false;
  const std::span<const Term> parts = tuple_elements(what);
  if (!parts[2].is_small()) return false;
  const Mfa mfa = {parts[0], parts[1], static_cast<uint32_t>(parts[2].small_value())};
  Breakpoint* breakpoint = p.runtime->tracing->patterns().find(mfa);
  return breakpoint != nullptr && breakpoint->find(session.id) != nullptr;
}

// {session, [Weak]}: of all sessions, or of those that trace `what`.
Term sessions_of(Process& p, Term what) {
  if (is_pid(what) && !what.is_local_pid()) return p.badarg();
  if (is_port(what) && !what.is_local_port()) return p.badarg();
  if (what.is_local_pid() && p.runtime->processes->find(what) == nullptr) return atoms::undefined;
  Tracing& tracing = *p.runtime->tracing;
  ListBuilder list(p.heap);
  for (const auto& [id, session] : tracing.sessions()) {
    if (!concerns(p, *session, what)) continue;
    const bool is_first = session.get() == &tracing.first_session();
    list.add(is_first ? Term(atoms::legacy) : weak_reference(p, *session));
  }
  return make_tuple(p.heap, {atoms::session, list.finish()});
}

Term trace_info_3(Process& p, Term name, Term what, Term key) {
  const Exclusive alone(p);
  if (!alone) return p.yield({name, what, key});
  if (name == atoms::any && key == atoms::session) return sessions_of(p, what);
  TraceSession* session = find_session(p, name);
  return session == nullptr ? no_session(p) : tell_traced(p, *session, what, key);
}

// A pid, a port, or {erl_tracer, PidOrPort}; none(): nobody who can be told.
Term tracer_of_session(const Process& p, Term tracer) {
  if (is_tuple(tracer) && tuple_size(tracer) == 2 &&
      tuple_elements(tracer)[0] == atoms::erl_tracer) {
    tracer = tuple_elements(tracer)[1];
  }
  return is_tracer_alive(*p.runtime, tracer) ? tracer : Term::none();
}

Term trace_session_create_3(Process& p, Term name, Term tracer, Term options) {
  if (!name.is_atom() || !options.is_nil()) return p.badarg();
  // undefined, which is not documented, makes one in which each process has its own, as in the
  // first.
  const Term to = tracer == atoms::undefined ? Term::none() : tracer_of_session(p, tracer);
  if (to.is_none() && !(tracer == atoms::undefined)) return p.badarg();
  const Exclusive alone(p);
  if (!alone) return p.yield({name, tracer, options});
  Tracing& tracing = *p.runtime->tracing;
  const TraceSession& session = tracing.create_session(name, to);
  return make_tuple(
      p.heap, {Magic<StrongSession>::make(p, 0, &tracing, session.id), weak_reference(p, session)});
}

// Whether it was there still.
Term trace_session_destroy_1(Process& p, Term name) {
  const Exclusive alone(p);
  if (!alone) return p.yield({name});
  const std::optional<uint64_t> id = session_number(name);
  if (!id) return no_session(p);
  if (p.runtime->tracing->session(*id) == nullptr) return atoms::false_;
  p.runtime->tracing->destroy_session(*id);
  return atoms::true_;
}

// erts_trace_cleaner: what ended sessions have left behind. Nothing is left to be done by the
// processes themselves.
Term check_0(Process& p) {
  const Exclusive alone(p);
  if (!alone) return p.yield({});
  p.runtime->tracing->destroy_abandoned();
  return atoms::false_;
}

Term send_trace_clean_signal_1(Process&, Term) { return atoms::false_; }

constexpr NativeEntry kTraceSessionNatives[] = {
    {"erts_internal", "trace", native<trace_4>},
    {"erts_internal", "trace_info", native<trace_info_3>},
    {"erts_internal", "trace_pattern", native<trace_pattern_4>},
    {"erts_internal", "trace_session_create", native<trace_session_create_3>},
    {"erts_internal", "trace_session_destroy", native<trace_session_destroy_1>},
    {"erts_trace_cleaner", "check", native<check_0>},
    {"erts_trace_cleaner", "send_trace_clean_signal", native<send_trace_clean_signal_1>},
};

}  // namespace

std::span<const NativeEntry> trace_session_natives() { return kTraceSessionNatives; }

}  // namespace joist
