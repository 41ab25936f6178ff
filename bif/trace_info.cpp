// erlang:trace_info/2 (https://www.erlang.org/doc/man/erlang#trace_info-2).
#include "bif/process_request.h"
#include "bif/registry.h"
#include "bif/tracing.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_table.h"
#include "vm/sched/exclusive.h"
#include "vm/trace/emit.h"
#include "vm/trace/event_filter.h"

namespace joist {

namespace {

Term property(Allocator& heap, Term key, Term value) { return make_tuple(heap, {key, value}); }

Term tracer_term(Term tracer) { return tracer.is_none() ? Term(Term::nil()) : tracer; }

// --- processes ---

Term flags_property(Allocator& heap, Term key, uint32_t flags, Term tracer) {
  return property(heap, key,
                  key == atoms::flags ? trace_flag_list(heap, flags) : tracer_term(tracer));
}

// {Ref, Session, Key}
void on_info(Process& receiver, Signal& signal) {
  if (receiver.is_exiting) return answer(receiver, signal, atoms::undefined);
  const std::span<const Term> question = request_arguments(signal);
  const auto session = static_cast<uint64_t>(question[1].small_value());
  const ProcessTrace::Ref* ref = receiver.runtime->tracing->ref(receiver, session);
  Allocator scratch;
  answer(receiver, signal,
         flags_property(scratch, question[2], ref == nullptr ? 0 : ref->flags,
                        ref == nullptr ? Term::none() : ref->tracer));
}

Term process_info(Process& p, const TraceSession& session, Term pid, Term key) {
  if (pid == p.pid) {
    const ProcessTrace::Ref* ref = p.runtime->tracing->ref(p, session.id);
    return flags_property(p.heap, key, ref == nullptr ? 0 : ref->flags,
                          ref == nullptr ? Term::none() : ref->tracer);
  }
  const Term id = Term::small(static_cast<int64_t>(session.id));
  return ask_process(p, pid, on_info, {id, key}, atoms::undefined);
}

// Of what is to be created: nothing is traced for a tracer that is gone.
Term future_property(Process& p, Term key, uint32_t flags, Term tracer) {
  return flags != 0 && is_tracer_alive(*p.runtime, tracer)
             ? flags_property(p.heap, key, flags, tracer)
             : flags_property(p.heap, key, 0, Term::none());
}

Term tracee_info(Process& p, const TraceSession& session, Term tracee, Term key) {
  const bool is_key = key == atoms::flags || key == atoms::tracer;
  if (tracee == atoms::new_ || tracee == atoms::new_processes) {
    if (!is_key) return p.badarg();
    return future_property(p, key, session.new_process_flags, session.new_process_tracer);
  }
  if (tracee == atoms::new_ports) {
    if (!is_key) return p.badarg();
    return future_property(p, key, session.new_port_flags, session.new_port_tracer);
  }
  if (tracee.is_local_pid()) {
    return is_key ? process_info(p, session, tracee, key) : p.badarg();
  }
  if (tracee.is_local_port()) return p.not_supported("tracing of ports");
  return p.badarg(atoms::badopt);
}

// --- functions ---

Term spec_term(Allocator& heap, const TraceSpecRef& spec) {
  return spec == nullptr ? Term(Term::nil()) : spec->source.copy_to(heap);
}

Term count_term(Allocator& heap, const FunctionTrace& trace) {
  return trace.counting == CountState::kOff
             ? Term(atoms::false_)
             : make_unsigned(heap, trace.count.load(std::memory_order_relaxed));
}

// [{Pid, Count, Seconds, MicroSeconds}] or [{Pid, Count, Words}]
Term times_term(Allocator& heap, CountState state, const CallTimes& times, bool words) {
  if (state == CountState::kOff) return atoms::false_;
  constexpr int64_t kMicrosecond = 1000;
  constexpr int64_t kMillion = 1'000'000;
  ListBuilder list(heap);
  for (const CallTime& time : times.all()) {
    const Term count = make_unsigned(heap, time.count);
    if (words) {
      list.add(make_tuple(heap, {time.process, count, make_integer(heap, time.total)}));
      continue;
    }
    const int64_t us = time.total / kMicrosecond;
    list.add(make_tuple(
        heap, {time.process, count, Term::small(us / kMillion), Term::small(us % kMillion)}));
  }
  return list.finish();
}

Term function_item(Allocator& heap, const FunctionTrace& trace, Term key) {
  const bool traced = trace.global || trace.local;
  const Term meta = Term::from_bits(trace.meta_tracer.load(std::memory_order_relaxed));
  const bool has_tracer = trace.meta && meta.bits() != 0;
  if (key == atoms::traced) {
    return trace.global ? Term(atoms::global) : trace.local ? Term(atoms::local) : atoms::false_;
  }
  if (key == atoms::match_spec) return traced ? spec_term(heap, trace.spec) : Term(atoms::false_);
  if (key == atoms::meta) return has_tracer ? meta : Term(Term::nil());
  if (key == atoms::meta_match_spec) {
    return trace.meta ? spec_term(heap, trace.meta_spec) : Term(atoms::false_);
  }
  if (key == atoms::call_count) return count_term(heap, trace);
  if (key == atoms::call_time) return times_term(heap, trace.timing, trace.times, false);
  if (key == atoms::call_memory) return times_term(heap, trace.measuring, trace.memory, true);
  return Term::none();
}

constexpr Term kAllKeys[] = {atoms::traced,          atoms::match_spec, atoms::meta,
                             atoms::meta_match_spec, atoms::call_time,  atoms::call_count,
                             atoms::call_memory};

bool is_function_key(const Process& p, Term key) {
  if (key == atoms::all) return true;
  for (const Term each : kAllKeys) {
    if (each == key) return key != atoms::call_memory || p.runtime->otp_release >= 26;
  }
  return false;
}

Term function_info(Process& p, const TraceSession& session, Term function, Term key) {
  const std::span<const Term> parts = tuple_elements(function);
  if (parts.size() != 3 || !parts[0].is_atom() || !parts[1].is_atom() || !parts[2].is_small()) {
    return p.badarg();
  }
  const int64_t arity = parts[2].small_value();
  const Mfa mfa = {parts[0], parts[1], static_cast<uint32_t>(arity)};
  CallPatterns& patterns = p.runtime->tracing->patterns();
  if (arity < 0 || arity > UINT32_MAX || !patterns.exists(mfa)) {
    return property(p.heap, key, atoms::undefined);
  }
  Breakpoint* breakpoint = patterns.find(mfa);
  const FunctionTrace* trace = breakpoint == nullptr ? nullptr : breakpoint->find(session.id);
  if (trace == nullptr) return property(p.heap, key, atoms::false_);
  if (!is_function_key(p, key)) return p.badarg();
  if (key != atoms::all) return property(p.heap, key, function_item(p.heap, *trace, key));
  ListBuilder list(p.heap);
  for (const Term each : kAllKeys) {
    if (!is_function_key(p, each)) continue;
    Term value = function_item(p.heap, *trace, each);
    if (each == atoms::meta && value.is_nil()) value = atoms::false_;
    list.add(property(p.heap, each, value));
  }
  return property(p.heap, key, list.finish());
}

// --- patterns for later, and for events ---

Term load_item(Allocator& heap, const LoadPattern& pattern, Term key) {
  const bool calls = pattern.local || !pattern.breakpoint;
  if (key == atoms::traced) {
    return !pattern.breakpoint ? Term(atoms::global)
           : pattern.local     ? Term(atoms::local)
                               : atoms::false_;
  }
  if (key == atoms::match_spec) return calls ? spec_term(heap, pattern.spec) : atoms::false_;
  if (key == atoms::meta) return pattern.meta ? pattern.meta_tracer : Term(atoms::false_);
  if (key == atoms::meta_match_spec) {
    return pattern.meta ? spec_term(heap, pattern.meta_spec) : Term(atoms::false_);
  }
  if (key == atoms::call_count) return boolean(pattern.call_count);
  if (key == atoms::call_time) return boolean(pattern.call_time);
  if (key == atoms::call_memory) return boolean(pattern.call_memory);
  return Term::none();
}

Term load_info(Process& p, const TraceSession& session, Term key) {
  const LoadPattern& pattern = session.on_load;
  if (!pattern.on) return property(p.heap, key, atoms::false_);
  if (!is_function_key(p, key)) return p.badarg();
  if (key != atoms::all) return property(p.heap, key, load_item(p.heap, pattern, key));
  ListBuilder list(p.heap);
  for (const Term each : kAllKeys) {
    // What a pattern for loaded code would time or measure is told when asked for by name only.
    if (each != atoms::call_time && each != atoms::call_memory) {
      list.add(property(p.heap, each, load_item(p.heap, pattern, each)));
    }
  }
  return property(p.heap, key, list.finish());
}

Term event_info(Process& p, const EventPattern& pattern, Term key) {
  if (key != atoms::match_spec) return p.badarg(atoms::badopt);
  Term value = atoms::false_;
  if (pattern.on)
    value = pattern.spec == nullptr ? Term(atoms::true_) : spec_term(p.heap, pattern.spec);
  return property(p.heap, key, value);
}

Term trace_info_2(Process& p, Term what, Term key) {
  const Exclusive alone(p);
  if (!alone) return p.yield({what, key});
  return tell_traced(p, p.runtime->tracing->first_session(), what, key);
}

constexpr NativeEntry kTraceInfoNatives[] = {
    {"erlang", "trace_info", native<trace_info_2>},
};

}  // namespace

Term tell_traced(Process& p, TraceSession& session, Term what, Term key) {
  if (what == atoms::on_load) return load_info(p, session, key);
  if (what == atoms::send) return event_info(p, session.send, key);
  if (what == atoms::receive) return event_info(p, session.receive, key);
  if (is_tuple(what)) return function_info(p, session, what, key);
  if (what.is_atom() || is_pid(what) || is_port(what)) return tracee_info(p, session, what, key);
  return p.badarg(atoms::badopt);
}

std::span<const NativeEntry> trace_info_natives() { return kTraceInfoNatives; }

}  // namespace joist
