#include "bif/spawn_options.h"

#include "bif/heap_options.h"
#include "vm/heap/builder.h"
#include "vm/proc/signal.h"
#include "vm/sched/system_flags.h"
#include "vm/term/rules.h"

namespace joist {

namespace {

constexpr struct {
  Term name;
  Priority priority;
} kPriorityNames[] = {{atoms::max, Priority::kMax},
                      {atoms::high, Priority::kHigh},
                      {atoms::normal, Priority::kNormal},
                      {atoms::low, Priority::kLow}};

// OTP 28 has priority messages.
constexpr int kPrioritySince = 28;

bool parse_alias_mode(Term value, AliasMode* mode) {
  if (value == atoms::explicit_unalias) return *mode = AliasMode::kExplicit, true;
  if (value == atoms::demonitor) return *mode = AliasMode::kDemonitor, true;
  if (value == atoms::reply_demonitor) return *mode = AliasMode::kReply, true;
  return false;
}

bool is_priority_option(Term option) {
  return option == atoms::priority && term_rules().otp_release >= kPrioritySince;
}

}  // namespace

Term new_monitor_reference(Process& p, const MonitorOptions& options) {
  RefNumbers numbers = p.runtime->uniques.next_ref();
  if (options.alias) set_alias_owner(numbers, p.pid);
  const Term reference = make_ref(p.heap, numbers);
  if (options.alias) {
    p.make_relations().aliases[reference_id(reference)] = {options.alias_mode, false};
  }
  return reference;
}

bool parse_reply_option(Term value, SpawnOptions* options) {
  const bool yes = value == atoms::yes;
  if (!yes && !(value == atoms::no) && !(value == atoms::error_only) &&
      !(value == atoms::success_only)) {
    return false;
  }
  options->reply_on_success = yes || value == atoms::success_only;
  options->reply_on_error = yes || value == atoms::error_only;
  return true;
}

namespace {

bool parse_pair(const Runtime& runtime, Term name, Term value, bool request,
                SpawnOptions* options) {
  if (name == atoms::priority) return parse_priority(value, &options->priority);
  if (name == atoms::fullsweep_after) return set_fullsweep_after(options->heap, value);
  if (name == atoms::min_heap_size) return set_min_heap_size(options->heap, value);
  if (name == atoms::min_bin_vheap_size) return set_min_bin_vheap_size(options->heap, value);
  if (name == atoms::max_heap_size) {
    return parse_max_heap_size(value, runtime.otp_release, &options->heap);
  }
  if (name == atoms::message_queue_data) {
    options->message_queue_data = value;
    return value == atoms::on_heap || value == atoms::off_heap;
  }
  if (name == atoms::monitor) {
    options->monitor = true;
    return parse_monitor_options(value, &options->monitor_options);
  }
  if (name == atoms::link && runtime.otp_release >= kPrioritySince) {
    options->link = true;
    return parse_priority_option(value, &options->is_priority_link);
  }
  if (name == atoms::async_dist && runtime.otp_release >= 26) {
    options->async_dist = value == atoms::true_;
    return value == atoms::true_ || value == atoms::false_;
  }
  if (name == atoms::scheduler) return parse_scheduler(runtime, value, &options->scheduler);
  if (!request) return false;
  if (name == atoms::reply_tag) return options->reply_tag = value, true;
  return name == atoms::reply && parse_reply_option(value, options);
}

bool parse_option(const Runtime& runtime, Term option, bool request, SpawnOptions* options) {
  if (option == atoms::link) return options->link = true;
  if (option == atoms::monitor) {
    options->monitor_options = {};  // the last of several counts
    return options->monitor = true;
  }
  if (!is_tuple(option) || tuple_size(option) != 2) return false;
  const std::span<const Term> pair = tuple_elements(option);
  return parse_pair(runtime, pair[0], pair[1], request, options);
}

}  // namespace

SpawnOptions default_spawn_options(const Runtime& runtime) {
  SpawnOptions options;
  const SystemFlags* flags = runtime.schedulers == nullptr ? nullptr : runtime.schedulers->flags();
  if (flags == nullptr) return options;
  options.heap = flags->heap_options();
  if (flags->messages_off_heap.load(std::memory_order_relaxed)) {
    options.message_queue_data = atoms::off_heap;
  }
  return options;
}

bool parse_scheduler(const Runtime& runtime, Term value, uint32_t* bound_to) {
  if (!value.is_small() || value.small_value() < 0) return false;
  const int64_t number = value.small_value();
  if (number > static_cast<int64_t>(runtime.settings.schedulers)) return false;
  *bound_to = number == 0 ? kAnyScheduler : static_cast<uint32_t>(number - 1);
  return true;
}

bool parse_priority(Term value, Priority* priority) {
  for (const auto& entry : kPriorityNames) {
    if (entry.name == value) return *priority = entry.priority, true;
  }
  return false;
}

Term priority_atom(Priority priority) { return kPriorityNames[static_cast<size_t>(priority)].name; }

bool parse_monitor_options(Term list, MonitorOptions* options) {
  *options = {};
  for (; list.is_list(); list = list.tail()) {
    const Term option = list.head();
    if (is_priority_option(option)) {
      options->is_priority = true;
      continue;
    }
    if (!is_tuple(option) || tuple_size(option) != 2) return false;
    const std::span<const Term> pair = tuple_elements(option);
    if (pair[0] == atoms::tag) {
      options->tag = pair[1];
    } else if (pair[0] == atoms::alias) {
      options->alias = true;
      if (!parse_alias_mode(pair[1], &options->alias_mode)) return false;
    } else {
      return false;
    }
  }
  return list.is_nil();
}

bool parse_priority_option(Term list, bool* is_priority) {
  for (; list.is_list(); list = list.tail()) {
    if (!is_priority_option(list.head())) return false;
    *is_priority = true;
  }
  return list.is_nil();
}

SpawnOptionError parse_spawn_options(const Runtime& runtime, Term list, bool request,
                                     SpawnOptions* options) {
  bool good = true;
  for (; list.is_list(); list = list.tail()) {
    good = parse_option(runtime, list.head(), request, options) && good;
  }
  if (!list.is_nil()) return SpawnOptionError::kBadList;
  // Of the sizes that came last, in whichever order.
  good = good && max_holds_min_heap(options->heap);
  return good ? SpawnOptionError::kNone : SpawnOptionError::kBadOption;
}

}  // namespace joist
