// start_timer, send_after, read_timer, cancel_timer
// (https://www.erlang.org/doc/man/erlang#start_timer-4).
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/proc/time.h"
#include "vm/sched/deliver.h"
#include "vm/sched/message_timers.h"

namespace joist {

namespace {

constexpr int64_t kMillisecond = 1'000'000;
// Beyond this many milliseconds a deadline in nanoseconds does not fit.
constexpr int64_t kLongest = INT64_MAX / kMillisecond / 2;

struct BooleanOption {
  Term name;
  bool* value;
};

// Reads [{Name, true | false}, ...].
bool parse_boolean_options(Term list, std::initializer_list<BooleanOption> options) {
  for (; list.is_list(); list = list.tail()) {
    if (!is_tuple(list.head()) || tuple_size(list.head()) != 2) return false;
    const std::span<const Term> pair = tuple_elements(list.head());
    bool known = false;
    for (const BooleanOption& option : options) {
      if (!(option.name == pair[0])) continue;
      known = pair[1] == atoms::true_ || pair[1] == atoms::false_;
      *option.value = pair[1] == atoms::true_;
    }
    if (!known) return false;
  }
  return list.is_nil();
}

// As Clock::monotonic_ns() has it; nullopt: not a time.
std::optional<int64_t> deadline_of(Process& p, Term time, bool absolute) {
  if (!time.is_small()) return std::nullopt;
  const int64_t milliseconds = time.small_value();
  if (milliseconds > kLongest || milliseconds < -kLongest) return std::nullopt;
  const int64_t now = p.runtime->clock->monotonic_ns();
  // An absolute time before the VM's start is none.
  if (absolute && milliseconds < p.runtime->time->start() / kMillisecond) return std::nullopt;
  if (absolute) return now + (milliseconds * kMillisecond - p.runtime->time->monotonic());
  if (milliseconds < 0) return std::nullopt;
  return now + milliseconds * kMillisecond;
}

Term start(Process& p, Term time, Term receiver, Term message, Term options, bool wraps) {
  bool absolute = false;
  if (!parse_boolean_options(options, {{atoms::abs_, &absolute}})) return p.badarg(atoms::badopt);
  const std::optional<int64_t> deadline = deadline_of(p, time, absolute);
  if (!deadline) return p.badarg(atoms::time);
  if (!(receiver.is_local_pid() || receiver.is_atom())) return p.badarg();
  const Term reference = make_ref(p.heap, p.runtime->uniques.next_ref());
  // {timeout, Ref, Message}
  constexpr size_t kWrapperWords = 4 + kRefWords;
  Signal* signal =
      new_signal_of(SignalKind::kMessage, p.pid, message, nullptr, wraps ? kWrapperWords : 0);
  if (wraps) {
    SignalBuilder builder(*signal, signal->value_words() - kWrapperWords);
    const Term copy = make_ref(builder, ref_numbers(reference));
    signal->value = make_tuple(builder, {atoms::timeout, copy, signal->value});
  }
  p.runtime->message_timers->start(reference_id(reference), p.registers->scheduler, *deadline,
                                   receiver, signal);
  return reference;
}

Term start_timer_3(Process& p, Term time, Term receiver, Term message) {
  return start(p, time, receiver, message, Term::nil(), true);
}
Term start_timer_4(Process& p, Term time, Term receiver, Term message, Term options) {
  return start(p, time, receiver, message, options, true);
}
Term send_after_3(Process& p, Term time, Term receiver, Term message) {
  return start(p, time, receiver, message, Term::nil(), false);
}
Term send_after_4(Process& p, Term time, Term receiver, Term message, Term options) {
  return start(p, time, receiver, message, options, false);
}

// Milliseconds, begun ones counted.
Term left_term(Process& p, std::optional<int64_t> left) {
  if (!left) return atoms::false_;
  return make_integer(p.heap, (*left + kMillisecond - 1) / kMillisecond);
}

bool is_timer_reference(Term term) { return is_kind(term, Boxed::kRef); }

// Tells the result in a message where that is asked for.
Term report(Process& p, Term tag, Term timer, Term result, bool async, bool info) {
  if (!async) return info ? result : Term(atoms::ok);
  if (info) send_message(p, p.pid, make_tuple(p.heap, {tag, timer, result}));
  return atoms::ok;
}

Term cancel_timer_2(Process& p, Term timer, Term options) {
  bool async = false;
  bool info = true;
  if (!parse_boolean_options(options, {{atoms::async, &async}, {atoms::info, &info}})) {
    return p.badarg();
  }
  if (!is_ref(timer)) return p.badarg();
  std::optional<int64_t> left;
  if (is_timer_reference(timer)) left = p.runtime->message_timers->cancel(reference_id(timer));
  return report(p, atoms::cancel_timer, timer, left_term(p, left), async, info);
}
Term cancel_timer_1(Process& p, Term timer) { return cancel_timer_2(p, timer, Term::nil()); }

Term read_timer_2(Process& p, Term timer, Term options) {
  bool async = false;
  if (!parse_boolean_options(options, {{atoms::async, &async}})) return p.badarg();
  if (!is_ref(timer)) return p.badarg();
  std::optional<int64_t> left;
  if (is_timer_reference(timer)) left = p.runtime->message_timers->left(reference_id(timer));
  return report(p, atoms::read_timer, timer, left_term(p, left), async, true);
}
Term read_timer_1(Process& p, Term timer) { return read_timer_2(p, timer, Term::nil()); }

constexpr NativeEntry kTimerNatives[] = {
    {"erlang", "start_timer", native<start_timer_3>},
    {"erlang", "start_timer", native<start_timer_4>},
    {"erlang", "send_after", native<send_after_3>},
    {"erlang", "send_after", native<send_after_4>},
    {"erlang", "cancel_timer", native<cancel_timer_1>},
    {"erlang", "cancel_timer", native<cancel_timer_2>},
    {"erlang", "read_timer", native<read_timer_1>},
    {"erlang", "read_timer", native<read_timer_2>},
};

}  // namespace

std::span<const NativeEntry> timer_natives() { return kTimerNatives; }

}  // namespace joist
