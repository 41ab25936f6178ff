// erts_internal:trace/3, which erlang:trace/3 ends in, and what else is about
// the flags of processes and ports (https://www.erlang.org/doc/man/erlang#trace-3).
#include "bif/registry.h"
#include "bif/tracing.h"
#include "vm/heap/builder.h"
#include "vm/io/ports.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/exclusive.h"
#include "vm/sched/system_logger.h"
#include "vm/trace/event_filter.h"

namespace joist {

namespace {

using namespace trace_flag;

// Flags that say how events are told, and events of processes and ports alike.
constexpr uint32_t kModifiers = kSilent | kTimestamp | kStrictMonotonicTimestamp |
                                kMonotonicTimestamp | kSchedulerId | kReceive | kSend;
constexpr uint32_t kPortFlags = kModifiers | kPorts | kRunningPorts;
constexpr uint32_t kProcessFlags = (kAll & ~kPortFlags) | kModifiers;

// Which kinds of tracees an atom stands for.
struct Tracees {
  bool known = false;
  bool processes = false;
  bool ports = false;
  bool existing = false;
  bool new_ones = false;
};

Tracees tracees_of(Term what) {
  if (what == atoms::all) return {true, true, true, true, true};
  if (what == atoms::processes) return {true, true, false, true, true};
  if (what == atoms::ports) return {true, false, true, true, true};
  if (what == atoms::existing) return {true, true, true, true, false};
  if (what == atoms::existing_processes) return {true, true, false, true, false};
  if (what == atoms::existing_ports) return {true, false, true, true, false};
  if (what == atoms::new_) return {true, true, true, false, true};
  if (what == atoms::new_processes) return {true, true, false, false, true};
  if (what == atoms::new_ports) return {true, false, true, false, true};
  return {};
}

struct TraceRequest {
  TraceSession& session;
  bool on;
  TraceFlagList list;
};

size_t change_existing(Process& p, const TraceRequest& r, const Tracees& tracees) {
  const uint32_t flags = r.list.flags;
  const bool only_one_kind = tracees.processes != tracees.ports;
  // Flags that both have count for both, unless only one kind is meant.
  bool processes = tracees.processes && (flags & kProcessFlags & ~kModifiers) != 0;
  bool ports = tracees.ports && (flags & kPortFlags & ~kModifiers) != 0;
  if ((flags & kModifiers) != 0) {
    processes |= only_one_kind ? tracees.processes : true;
    ports |= only_one_kind ? tracees.ports : true;
  }
  size_t count = 0;
  size_t slot = 0;
  Tracing& tracing = *p.runtime->tracing;
  while (processes) {
    Process* process = p.runtime->processes->next(&slot);
    if (process == nullptr) break;
    if (tracing.change_flags(*process, r.session, r.on, flags, r.list.tracer)) ++count;
  }
  // What ports do is not traced yet; they count all the same.
  slot = 0;
  const PortTable& table = p.runtime->ports->table();
  while (ports) {
    const Port* port = table.next(&slot);
    if (port == nullptr) break;
    if (port->is_open()) ++count;
  }
  return count;
}

void change_new(uint32_t& flags, Term& tracer, const TraceRequest& r, uint32_t mask) {
  if (r.on) {
    flags |= r.list.flags & mask;
    if (!r.list.tracer.is_none()) tracer = r.list.tracer;
  } else {
    flags &= ~(r.list.flags & mask);
  }
  if (flags == 0) tracer = Term::none();
}

Term already_traced(Process& p) {
  p.runtime->logger->report_error(p, "** can only have one tracer per process\n");
  return p.badarg();
}

Term trace_one(Process& p, Term tracee, const TraceRequest& r) {
  Process* process = p.runtime->processes->find(tracee);
  if (process == nullptr || r.list.cpu_timestamp) return p.badarg();
  Tracing& tracing = *p.runtime->tracing;
  if (!tracing.change_flags(*process, r.session, r.on, r.list.flags, r.list.tracer)) {
    return already_traced(p);
  }
  return Term::small(1);
}

Term trace_many(Process& p, Term what, const TraceRequest& r) {
  const Tracees tracees = tracees_of(what);
  if (!tracees.known || (r.list.cpu_timestamp && what != atoms::all)) return p.badarg();
  if (r.list.cpu_timestamp) p.runtime->trace->cpu_timestamps = r.on;
  const size_t count = tracees.existing ? change_existing(p, r, tracees) : 0;
  if (tracees.new_ones) {
    TraceSession& session = r.session;
    if (tracees.processes) {
      change_new(session.new_process_flags, session.new_process_tracer, r, kProcessFlags);
    }
    if (tracees.ports) change_new(session.new_port_flags, session.new_port_tracer, r, kPortFlags);
    p.runtime->tracing->new_flags_changed();
  }
  return Term::small(static_cast<int64_t>(count));
}

Term trace_3(Process& p, Term what, Term how, Term list) {
  const Exclusive alone(p);
  if (!alone) return p.yield({what, how, list});
  return change_tracees(p, p.runtime->tracing->first_session(), what, how, list);
}

// What has been traced is in the tracer's queue already when the event is over.
Term trace_delivered_1(Process& p, Term tracee) {
  if (tracee != atoms::all && !tracee.is_local_pid()) return p.badarg();
  const Term reference = make_ref(p.heap, p.runtime->uniques.next_ref());
  send_message(p, p.pid, make_tuple(p.heap, {atoms::trace_delivered, tracee, reference}));
  return reference;
}

constexpr NativeEntry kTraceNatives[] = {
    {"erlang", "trace_delivered", native<trace_delivered_1>},
    {"erts_internal", "trace", native<trace_3>},
};

}  // namespace

Term change_tracees(Process& p, TraceSession& session, Term what, Term how, Term list) {
  TraceRequest r = {session, how == atoms::true_, {}};
  if (!parse_trace_flags(list, &r.list)) return p.badarg(atoms::badopt);
  if (!r.on && how != atoms::false_) return p.badarg();
  if (!session.tracer.is_none()) {
    if (!r.list.tracer.is_none()) return p.badarg(atoms::badopt);
    r.list.tracer = session.tracer;
  }
  if (r.on && r.list.tracer.is_none()) r.list.tracer = p.pid;
  if (what.is_local_pid()) return trace_one(p, what, r);
  if (what.is_local_port()) return p.not_supported("tracing of ports");
  return trace_many(p, what, r);
}

std::span<const NativeEntry> erlang_trace_natives() { return kTraceNatives; }

}  // namespace joist
