// erlang:system_monitor/0,1,2 (https://www.erlang.org/doc/man/erlang#system_monitor-2).
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_table.h"
#include "vm/sched/exclusive.h"
#include "vm/sched/system_flags.h"
#include "vm/trace/tracing.h"

namespace joist {

namespace {

// A heap below so many words is not large.
constexpr int64_t kLeastLargeHeap = 16384;

Term property(Allocator& heap, Term name, int64_t value) {
  return make_tuple(heap, {name, make_integer(heap, value)});
}

// {Pid, Options}, or undefined.
Term current_monitor(Process& p) {
  const SystemMonitor& monitor = p.runtime->tracing->system_monitor();
  if (monitor.process.is_none() || p.runtime->processes->find(monitor.process) == nullptr) {
    return atoms::undefined;
  }
  Allocator& heap = p.heap;
  Term list = Term::nil();
  const auto add = [&](Term option) { list = make_cons(heap, option, list); };
  if (monitor.queue_high != 0) {
    const Term lengths =
        make_tuple(heap, {Term::small(monitor.queue_low), Term::small(monitor.queue_high)});
    add(make_tuple(heap, {atoms::long_message_queue, lengths}));
  }
  if (monitor.long_gc_ms != 0) add(property(heap, atoms::long_gc, monitor.long_gc_ms));
  if (monitor.long_schedule_ms != 0) {
    add(property(heap, atoms::long_schedule, monitor.long_schedule_ms));
  }
  if (monitor.large_heap_words != 0) {
    add(property(heap, atoms::large_heap, static_cast<int64_t>(monitor.large_heap_words)));
  }
  if (monitor.busy_port) add(atoms::busy_port);
  if (monitor.busy_dist_port) add(atoms::busy_dist_port);
  return make_tuple(heap, {monitor.process, list});
}

// {Disable, Enable}, which OTP 27 has brought.
bool parse_queue_lengths(Term lengths, SystemMonitor* monitor) {
  if (!is_tuple(lengths) || tuple_size(lengths) != 2) return false;
  const Term low = tuple_elements(lengths)[0];
  const Term high = tuple_elements(lengths)[1];
  if (!low.is_small() || !high.is_small()) return false;
  if (low.small_value() < 0 || low.small_value() >= high.small_value()) return false;
  monitor->queue_low = low.small_value();
  monitor->queue_high = high.small_value();
  return true;
}

// False: badarg.
bool parse_option(Term option, int otp_release, SystemMonitor* monitor) {
  if (option == atoms::busy_port || option == atoms::busy_dist_port) {
    (option == atoms::busy_port ? monitor->busy_port : monitor->busy_dist_port) = true;
    return true;
  }
  if (!is_tuple(option) || tuple_size(option) != 2) return false;
  const Term name = tuple_elements(option)[0];
  const Term value = tuple_elements(option)[1];
  if (name == atoms::long_message_queue && otp_release >= 27) {
    return parse_queue_lengths(value, monitor);
  }
  if (!value.is_small() || value.small_value() < 0) return false;
  const int64_t number = value.small_value();
  if (name == atoms::long_gc) {
    monitor->long_gc_ms = std::max<int64_t>(number, 1);
  } else if (name == atoms::long_schedule) {
    monitor->long_schedule_ms = std::max<int64_t>(number, 1);
  } else if (name == atoms::large_heap) {
    monitor->large_heap_words = static_cast<uint64_t>(std::max(number, kLeastLargeHeap));
  } else {
    return false;
  }
  return true;
}

Term system_monitor_2(Process& p, Term process, Term list) {
  SystemMonitor monitor;
  const Term options = list;
  if (process != atoms::undefined && !list.is_nil()) {
    if (!process.is_local_pid() || p.runtime->processes->find(process) == nullptr) {
      return p.badarg();
    }
    monitor.process = process;
    for (; list.is_list(); list = list.tail()) {
      if (!parse_option(list.head(), p.runtime->otp_release, &monitor)) return p.badarg();
    }
    if (!list.is_nil()) return p.badarg();
  }
  const Exclusive alone(p);
  if (!alone) return p.yield({process, options});
  const Term before = current_monitor(p);
  p.runtime->tracing->set_system_monitor(monitor);
  SystemFlags& flags = *system_flags(p);
  flags.busy_port_monitor = monitor.busy_port ? monitor.process.bits() : 0;
  flags.busy_dist_port_monitor = monitor.busy_dist_port ? monitor.process.bits() : 0;
  flags.long_schedule_monitor = monitor.long_schedule_ms != 0 ? monitor.process.bits() : 0;
  return before;
}

Term system_monitor_0(Process& p) { return current_monitor(p); }

Term system_monitor_1(Process& p, Term options) {
  if (options == atoms::undefined) return system_monitor_2(p, options, Term::nil());
  if (!is_tuple(options) || tuple_size(options) != 2) return p.badarg();
  const std::span<const Term> parts = tuple_elements(options);
  return p.trap(atoms::erlang, atoms::system_monitor, {parts[0], parts[1]});
}

constexpr NativeEntry kSystemMonitorNatives[] = {
    {"erlang", "system_monitor", native<system_monitor_0>},
    {"erlang", "system_monitor", native<system_monitor_1>},
    {"erlang", "system_monitor", native<system_monitor_2>},
};

}  // namespace

std::span<const NativeEntry> system_monitor_natives() { return kSystemMonitorNatives; }

}  // namespace joist
