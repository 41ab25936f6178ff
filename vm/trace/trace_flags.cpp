#include "vm/heap/builder.h"
#include "vm/trace/event_filter.h"

namespace joist {

namespace {

// In the order in which OTP adds them to its lists.
constexpr struct {
  Term name;
  uint32_t flag;
} kFlags[] = {
    {atoms::timestamp, trace_flag::kTimestamp},
    {atoms::strict_monotonic_timestamp, trace_flag::kStrictMonotonicTimestamp},
    {atoms::monotonic_timestamp, trace_flag::kMonotonicTimestamp},
    {atoms::send, trace_flag::kSend},
    {atoms::receive, trace_flag::kReceive},
    {atoms::set_on_spawn, trace_flag::kSetOnSpawn},
    {atoms::call, trace_flag::kCall},
    {atoms::procs, trace_flag::kProcs},
    {atoms::set_on_first_spawn, trace_flag::kSetOnFirstSpawn},
    {atoms::set_on_link, trace_flag::kSetOnLink},
    {atoms::set_on_first_link, trace_flag::kSetOnFirstLink},
    {atoms::running, trace_flag::kRunning},
    {atoms::exiting, trace_flag::kExiting},
    {atoms::garbage_collection, trace_flag::kGarbageCollection},
    {atoms::arity, trace_flag::kArity},
    {atoms::return_to, trace_flag::kReturnTo},
    {atoms::silent, trace_flag::kSilent},
    {atoms::scheduler_id, trace_flag::kSchedulerId},
    {atoms::ports, trace_flag::kPorts},
    {atoms::running_ports, trace_flag::kRunningPorts},
    {atoms::running_procs, trace_flag::kRunningProcs},
};

}  // namespace

uint32_t trace_flag_of(Term name) {
  if (name == atoms::all) return trace_flag::kAll;
  for (const auto& entry : kFlags) {
    if (entry.name == name) return entry.flag;
  }
  return 0;
}

Term trace_flag_list(Allocator& heap, uint32_t flags) {
  Term list = Term::nil();
  for (const auto& entry : kFlags) {
    if ((flags & entry.flag) != 0) list = make_cons(heap, entry.name, list);
  }
  return list;
}

Term parse_tracer(Term tag, Term tuple) {
  const std::span<const Term> parts = tuple_elements(tuple);
  if (parts.empty() || parts[0] != tag) return Term::none();
  Term tracer = Term::none();
  if (parts.size() == 2) {
    tracer = parts[1];
  } else if (parts.size() == 3 && parts[1] == atoms::erl_tracer) {
    tracer = parts[2];
  }
  // The functions of other modules would have to be native code of a library. One that is gone
  // already is found out at the first event.
  return tracer.is_local_pid() || tracer.is_local_port() ? tracer : Term::none();
}

bool parse_trace_flags(Term list, TraceFlagList* result) {
  for (; list.is_list(); list = list.tail()) {
    const Term item = list.head();
    if (const uint32_t flag = item.is_atom() ? trace_flag_of(item) : 0; flag != 0) {
      result->flags |= flag;
    } else if (item == atoms::cpu_timestamp) {
      result->cpu_timestamp = true;
    } else if (is_tuple(item)) {
      result->tracer = parse_tracer(atoms::tracer, item);
      if (result->tracer.is_none()) return false;
    } else {
      return false;
    }
  }
  return list.is_nil();
}

}  // namespace joist
