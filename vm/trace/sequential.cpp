#include "vm/trace/sequential.h"

#include <utility>

#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/trace/tracing.h"

namespace joist {

namespace {

enum TokenPart : uint8_t { kFlags, kLabel, kSerial, kSender, kLast };

std::span<Term> parts_of(Term token) { return tuple_elements(token); }

// A token whose parts may be changed: nothing else refers to it.
std::span<Term> own_token(Process& p) {
  ProcessTrace& trace = p.make_extras().make_trace();
  if (trace.token.is_nil()) {
    const Term zero = Term::small(0);
    replace_token(p, make_tuple(p.heap, {zero, zero, zero, p.pid, Term::small(trace.last_serial)}));
  } else {
    const std::span<Term> parts = parts_of(trace.token);
    trace.token = joist::make_tuple(p.heap, std::span<const Term>(parts.data(), parts.size()));
  }
  return parts_of(trace.token);
}

uint32_t timestamp_flags(int64_t flags) {
  uint32_t result = 0;
  if ((flags & token_flag::kTimestamp) != 0) result |= trace_flag::kTimestamp;
  if ((flags & token_flag::kStrictMonotonicTimestamp) != 0) {
    result |= trace_flag::kStrictMonotonicTimestamp;
  }
  if ((flags & token_flag::kMonotonicTimestamp) != 0) result |= trace_flag::kMonotonicTimestamp;
  return result;
}

}  // namespace

Term process_token(const Process& p) {
  return (p.trace_flags & trace_flag::kToken) == 0 ? Term(Term::nil()) : p.extras->trace->token;
}

void replace_token(Process& p, Term token) {
  p.make_extras().make_trace().token = token;
  Tracing::refresh_flags(p);
}

int64_t token_flag_of(Term name) {
  if (name == atoms::send) return token_flag::kSend;
  if (name == atoms::receive) return token_flag::kReceive;
  if (name == atoms::print) return token_flag::kPrint;
  if (name == atoms::timestamp) return token_flag::kTimestamp;
  if (name == atoms::strict_monotonic_timestamp) return token_flag::kStrictMonotonicTimestamp;
  if (name == atoms::monotonic_timestamp) return token_flag::kMonotonicTimestamp;
  return 0;
}

Term set_token_part(Process& p, Term what, Term value) {
  if (const int64_t flag = token_flag_of(what); flag != 0) {
    if (value != atoms::true_ && value != atoms::false_) return Term::none();
    Term& flags = own_token(p)[kFlags];
    const int64_t before = flags.small_value();
    flags = Term::small(value == atoms::true_ ? before | flag : before & ~flag);
    return boolean((before & flag) != 0);
  }
  if (what == atoms::label) {
    // Match programs give terms that lie elsewhere.
    const Term label = copy_term(p.heap, value, p.runtime->literals);
    return std::exchange(own_token(p)[kLabel], label);
  }
  if (what == atoms::serial) {
    if (!is_tuple(value) || tuple_size(value) != 2) return Term::none();
    const std::span<const Term> numbers = tuple_elements(value);
    if (!numbers[0].is_small() || !numbers[1].is_small()) return Term::none();
    const std::span<Term> parts = own_token(p);
    const Term before = make_tuple(p.heap, {parts[kLast], parts[kSerial]});
    parts[kLast] = numbers[0];
    parts[kSerial] = numbers[1];
    p.extras->trace->last_serial = numbers[0].small_value();
    p.extras->trace->serial_clock = numbers[1].small_value();
    return before;
  }
  if (what != atoms::sequential_trace_token || !value.is_nil()) return Term::none();
  const Term before = process_token(p);
  if (!before.is_nil()) replace_token(p, Term::nil());
  return before;
}

void advance_token(Process& p) {
  if ((p.trace_flags & trace_flag::kToken) == 0) return;
  const std::span<Term> parts = own_token(p);
  ProcessTrace& trace = *p.extras->trace;
  parts[kSender] = p.pid;
  parts[kSerial] = Term::small(++trace.serial_clock);
  parts[kLast] = Term::small(trace.last_serial);
}

void tell_sequential_tracer(Process& p, Term token, Term what, int64_t flag, Term receiver,
                            Term message) {
  Tracing& tracing = *p.runtime->tracing;
  const Term tracer = Term::from_bits(tracing.sequential_tracer.load(std::memory_order_acquire));
  if (token.is_nil() || p.flags.sensitive || tracer == atoms::false_) return;
  const std::span<const Term> parts = parts_of(token);
  const int64_t flags = parts[kFlags].small_value();
  if ((flags & flag) == 0) return;
  Allocator scratch;
  const Term serials = make_tuple(scratch, {parts[kLast], parts[kSerial]});
  const Term step = make_tuple(scratch, {what, serials, parts[kSender], receiver, message});
  const Term elements[] = {atoms::seq_trace, parts[kLabel], step};
  if (!emit_message(Tracing::source_of(p), tracer, timestamp_flags(flags), elements)) {
    Word expected = tracer.bits();
    tracing.sequential_tracer.compare_exchange_strong(expected, Term(atoms::false_).bits());
  }
}

// --- Tracing's part ---

void Tracing::token_for(Process& sender, Term receiver, Term message) {
  advance_token(sender);
  tell_sequential_tracer(sender, process_token(sender), atoms::send, token_flag::kSend, receiver,
                         message);
}

Signal* Tracing::message_with_token(Process& sender, Term receiver, Term message) {
  token_for(sender, receiver, message);
  return new_message_with_token(sender.pid, message, process_token(sender),
                                sender.runtime->literals);
}

void Tracing::taken(Process& receiver, const Signal& message) {
  const Term token = token_of_message(message);
  if (token.is_nil()) {
    if (!process_token(receiver).is_nil()) replace_token(receiver, Term::nil());
    return;
  }
  replace_token(receiver, token);
  ProcessTrace& trace = *receiver.extras->trace;
  const int64_t serial = parts_of(token)[kSerial].small_value();
  trace.last_serial = serial;
  if (trace.serial_clock < serial) trace.serial_clock = serial;
  tell_sequential_tracer(receiver, token, atoms::receive, token_flag::kReceive, receiver.pid,
                         message.value);
}

void Tracing::inherit_token(Process& parent, Process& child) {
  if ((parent.trace_flags & trace_flag::kToken) == 0) return;
  advance_token(parent);
  const Term token = process_token(parent);
  ProcessTrace& trace = child.make_extras().make_trace();
  trace.token = copy_term(child.heap, token, child.runtime->literals);
  trace.last_serial = trace.serial_clock = parts_of(token)[kSerial].small_value();
}

}  // namespace joist
