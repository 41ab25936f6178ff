#include "vm/trace/emit.h"

#include <vector>

#include "vm/codec/etf.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_table.h"
#include "vm/proc/time.h"
#include "vm/proc/trace_hook.h"
#include "vm/sched/deliver.h"
#include "vm/sched/port_receiver.h"

namespace joist {

namespace {

constexpr size_t kMaxElements = 8;
constexpr int64_t kMillion = 1000 * 1000;

Term seconds_form(Allocator& heap, int64_t microseconds) {
  const int64_t seconds = microseconds / kMillion;
  return make_tuple(heap, {Term::small(seconds / kMillion), Term::small(seconds % kMillion),
                           Term::small(microseconds % kMillion)});
}

// As the driver of a trace file wants it.
bool post_to_port(const TraceSource& source, Term tracer, Term message) {
  const EncodeOptions options = EncodeOptions::of_release(source.runtime.otp_release);
  const std::optional<size_t> size = external_size(message, options);
  if (!size) return true;
  std::vector<uint8_t> bytes(*size);
  encode_external(message, options, bytes.data());
  return source.runtime.port_receiver->command(source.scheduler, tracer, bytes);
}

bool post(const TraceSource& source, Term tracer, Term message) {
  if (tracer.is_local_port()) {
    return post_to_port(source, tracer, message);
  }
  Signal* signal =
      new_signal_of(SignalKind::kMessage, source.tracee, message, source.runtime.literals);
  return deliver(source.runtime, source.scheduler, tracer, signal);
}

}  // namespace

Term trace_timestamp(Allocator& heap, Runtime& runtime, uint32_t flags) {
  if ((flags & trace_flag::kTimestamp) != 0) {
    if (runtime.trace->cpu_timestamps) {
      return seconds_form(heap, runtime.clock->process_cpu_ns() / 1000);
    }
    return seconds_form(heap, runtime.time->unique_microseconds());
  }
  if ((flags & trace_flag::kStrictMonotonicTimestamp) != 0) {
    const Term time = make_integer(heap, runtime.time->monotonic());
    const Term number = make_integer(heap, runtime.uniques.next_monotonic_integer());
    return make_tuple(heap, {time, number});
  }
  if ((flags & trace_flag::kMonotonicTimestamp) != 0) {
    return make_integer(heap, runtime.time->monotonic());
  }
  return Term::none();
}

bool is_tracer_alive(const Runtime& runtime, Term tracer) {
  if (tracer.is_local_pid()) {
    const Process* process = runtime.processes->find(tracer);
    return process != nullptr && !process->signals.is_closed();
  }
  return tracer.is_local_port() && runtime.port_receiver->is_open(tracer);
}

bool emit(const TraceSource& source, Term tracer, uint32_t flags, const TraceEvent& event) {
  if (tracer == source.tracee) return true;
  Allocator scratch;
  Term elements[kMaxElements];
  size_t count = 1;
  elements[count++] = source.tracee;
  elements[count++] = event.tag;
  elements[count++] = event.first;
  if (!event.second.is_none()) elements[count++] = event.second;
  if (event.match_result != atoms::true_) elements[count++] = event.match_result;
  if ((flags & trace_flag::kSchedulerId) != 0) {
    const bool known = source.scheduler != UINT32_MAX;
    elements[count++] = Term::small(known ? static_cast<int64_t>(source.scheduler) + 1 : 0);
  }
  const Term time = trace_timestamp(scratch, source.runtime, flags);
  elements[0] = time.is_none() ? Term(atoms::trace) : Term(atoms::trace_ts);
  if (!time.is_none()) elements[count++] = time;
  return post(source, tracer, make_tuple(scratch, std::span<const Term>(elements, count)));
}

bool emit_message(const TraceSource& source, Term tracer, uint32_t flags,
                  std::span<const Term> elements) {
  if (tracer == source.tracee) return true;
  Allocator scratch;
  Term all[kMaxElements];
  size_t count = 0;
  for (const Term element : elements) all[count++] = element;
  const Term time = trace_timestamp(scratch, source.runtime, flags);
  if (!time.is_none()) all[count++] = time;
  return post(source, tracer, make_tuple(scratch, std::span<const Term>(all, count)));
}

}  // namespace joist
