// erlang:process_flag/2 (https://www.erlang.org/doc/man/erlang#process_flag-2).
#include "bif/heap_options.h"
#include "bif/process_request.h"
#include "bif/registry.h"
#include "bif/spawn_options.h"
#include "vm/dist/nodes.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_extras.h"
#include "vm/sched/system_flags.h"
#include "vm/term/atom.h"
#include "vm/term/map.h"
#include "vm/trace/tracing.h"

namespace joist {

namespace {

// Each sets its flag and returns the former value, or none() when `value` is not right for it.
using FlagSetter = Term (*)(Process& p, Term value);

bool is_boolean(Term term) { return term == atoms::true_ || term == atoms::false_; }

Term words_term(Process& p, size_t words) { return make_unsigned(p.heap, words); }

Term set_trap_exit(Process& p, Term value) {
  if (!is_boolean(value)) return Term::none();
  return boolean(std::exchange(p.trap_exit, value == atoms::true_));
}

Term set_sensitive(Process& p, Term value) {
  if (!is_boolean(value)) return Term::none();
  const bool before = std::exchange(p.flags.sensitive, value == atoms::true_);
  if (p.trace_flags != 0 || before) Tracing::refresh_flags(p);
  return boolean(before);
}

Term set_error_handler(Process& p, Term value) {
  if (!value.is_atom()) return Term::none();
  return std::exchange(p.flags.error_handler, value);
}

Term set_priority(Process& p, Term value) {
  const Term before = priority_atom(p.priority);
  return parse_priority(value, &p.priority) ? before : Term::none();
}

Term set_message_queue_data(Process& p, Term value) {
  if (!(value == atoms::on_heap) && !(value == atoms::off_heap)) return Term::none();
  return std::exchange(p.flags.message_queue_data, value);
}

Term set_min_heap(Process& p, Term value) {
  const size_t before = p.heap.options.min_heap_words;
  return set_min_heap_size(p.heap.options, value) ? words_term(p, before) : Term::none();
}

Term set_min_bin_vheap(Process& p, Term value) {
  const size_t before = p.heap.options.min_off_heap_bytes / sizeof(Word);
  return set_min_bin_vheap_size(p.heap.options, value) ? words_term(p, before) : Term::none();
}

Term set_fullsweep(Process& p, Term value) {
  const size_t before = p.heap.options.fullsweep_after;
  return set_fullsweep_after(p.heap.options, value) ? words_term(p, before) : Term::none();
}

// Missing keys take the system's defaults, not the process' former values.
Term set_max_heap(Process& p, Term value) {
  HeapOptions changed = p.heap.options;
  const HeapOptions defaults = default_heap_options(p);
  changed.kill_at_max_heap = defaults.kill_at_max_heap;
  changed.log_at_max_heap = defaults.log_at_max_heap;
  changed.max_includes_shared_binaries = defaults.max_includes_shared_binaries;
  if (!parse_max_heap_size(value, p.runtime->otp_release, &changed) ||
      !max_holds_min_heap(changed)) {
    return Term::none();
  }
  const Term before = max_heap_size_map(p.heap, p.heap.options, p.runtime->otp_release);
  p.heap.options = changed;
  // Too big already: the collection finds out.
  if (changed.max_heap_words != 0) p.heap.request(Collection::kMinor);
  return before;
}

Term set_async_dist(Process& p, Term value) {
  if (!is_boolean(value)) return Term::none();
  return boolean(std::exchange(p.flags.async_dist, value == atoms::true_));
}

// --- scheduler ---

// What it was bound to before, while the process moves.
struct Rebinding final : SuspendedNative {
  explicit Rebinding(uint32_t bound) : before(bound) {}
  uint32_t before;
};

Term scheduler_number(uint32_t bound_to) {
  return Term::small(bound_to == Process::Extras::kUnbound ? 0 : int64_t{bound_to} + 1);
}

// Undocumented in OTP, whose tests depend on it. The process goes on where it belongs.
Term set_scheduler(Process& p, Term value) {
  if (const auto moved = p.resume<Rebinding>()) return scheduler_number(moved->before);
  uint32_t bound_to;
  if (!parse_scheduler(*p.runtime, value, &bound_to)) return p.badarg();
  const uint32_t before = std::exchange(p.make_extras().bound_to, bound_to);
  if (bound_to == Process::Extras::kUnbound || bound_to == p.registers->scheduler) {
    return scheduler_number(before);
  }
  return p.suspend(std::make_unique<Rebinding>(before), {atoms::scheduler, value});
}

// --- monitor_nodes ---

// nullopt: not options of net_kernel:monitor_nodes/2, as a map or the empty list.
std::optional<uint32_t> node_monitor_options(Term options) {
  using namespace node_monitor;
  if (options.is_nil()) return 0;
  if (!is_flat_map(options)) return std::nullopt;
  uint32_t result = kInfoMap;
  bool sound = true;
  for (size_t i = 0; i < flat_map_size(options); ++i) {
    const Term key = flat_map_keys(options)[i];
    const Term value = flat_map_values(options)[i];
    const std::string_view name = key.is_atom() ? atom_text(key) : std::string_view();
    const std::string_view text = value.is_atom() ? atom_text(value) : std::string_view();
    const bool is_true = text == "true";
    const bool is_bool = is_true || text == "false";
    if (name == "list" && is_true) {
      result &= ~uint32_t{kInfoMap};
    } else if (name == "connection_id" && is_bool) {
      if (is_true) result |= kConnectionId;
    } else if (name == "nodedown_reason" && is_bool) {
      if (is_true) result |= kReason;
    } else if (name == "node_type" && text == "visible") {
      result |= kVisible;
    } else if (name == "node_type" && text == "hidden") {
      result |= kHidden;
    } else if (name == "node_type" && text == "all") {
      result |= kVisible | kHidden;
    } else {
      sound = false;
    }
  }
  return sound ? std::optional(result) : std::nullopt;
}

// How often the caller was subscribed before.
Term monitor_nodes(Process& p, Term options, Term value) {
  const std::optional<uint32_t> wanted = node_monitor_options(options);
  if (!wanted || !is_boolean(value)) return Term::none();
  std::map<uint32_t, uint32_t>& monitors = p.make_extras().node_monitors;
  uint32_t& count = monitors[*wanted];
  const uint32_t before = count;
  if (value == atoms::true_) {
    ++count;
    Nodes::of(p).watch_nodes(p.pid);
  } else {
    monitors.erase(*wanted);
    if (monitors.empty()) Nodes::of(p).unwatch_nodes(p.pid);
  }
  return Term::small(before);
}

struct Flag {
  Term name;
  FlagSetter set;
};
constexpr Flag kFlags[] = {
    {atoms::trap_exit, set_trap_exit},
    {atoms::error_handler, set_error_handler},
    {atoms::priority, set_priority},
    {atoms::min_heap_size, set_min_heap},
    {atoms::min_bin_vheap_size, set_min_bin_vheap},
    {atoms::max_heap_size, set_max_heap},
    {atoms::message_queue_data, set_message_queue_data},
    {atoms::sensitive, set_sensitive},
    {atoms::fullsweep_after, set_fullsweep},
};

// How many of its last calls a process is to keep.
bool has_call_count(Term value) {
  constexpr int64_t kMost = 10000;
  return value.is_small() && value.small_value() >= 0 && value.small_value() <= kMost;
}

// None are kept, so that it is off before and can only be switched off.
Term save_calls(Process& p, Term value) {
  if (value.small_value() != 0) return p.not_supported("process_flag save_calls");
  return Term::small(0);
}

Term process_flag_2(Process& p, Term flag, Term value) {
  if (flag == atoms::scheduler) return set_scheduler(p, value);
  Term before = Term::none();
  bool known = false;
  for (const Flag& entry : kFlags) {
    if (!(entry.name == flag)) continue;
    known = true;
    before = entry.set(p, value);
  }
  if (flag == atoms::async_dist && p.runtime->otp_release >= 26) {
    known = true;
    before = set_async_dist(p, value);
  }
  if (flag == atoms::monitor_nodes) {
    known = true;
    before = monitor_nodes(p, Term::nil(), value);
  } else if (is_tuple(flag) && tuple_size(flag) == 2 &&
             tuple_elements(flag)[0] == atoms::monitor_nodes) {
    known = true;
    before = monitor_nodes(p, tuple_elements(flag)[1], value);
  }
  if (!known) {
    if (flag == atoms::save_calls) {
      return has_call_count(value) ? save_calls(p, value) : p.badarg(atoms::none);
    }
    return p.badarg(atoms::badopt);
  }
  return before.is_none() ? p.badarg() : before;
}

// By request, since it must come after an exit signal that the asker has sent before.
void on_no_calls(Process& receiver, Signal& signal) {
  answer(receiver, signal, receiver.is_exiting ? Term(atoms::badarg) : Term::small(0));
}

// Of another process; erlang:process_flag/3 turns the atoms into errors.
Term process_flag_3(Process& p, Term pid, Term flag, Term value) {
  if (!pid.is_local_pid()) return atoms::badtype;
  if (!(flag == atoms::save_calls) || !has_call_count(value)) return atoms::badarg;
  if (value.small_value() != 0) return save_calls(p, value);
  return ask_process(p, pid, on_no_calls, {}, atoms::badtype, 0, SignalKind::kQuestion);
}

constexpr NativeEntry kProcessFlagNatives[] = {
    {"erlang", "process_flag", native<process_flag_2>},
    {"erts_internal", "process_flag", native<process_flag_3>},
};

}  // namespace

std::span<const NativeEntry> process_flag_natives() { return kProcessFlagNatives; }

}  // namespace joist
