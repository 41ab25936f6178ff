// erlang:system_flag/2 (https://www.erlang.org/doc/man/erlang#system_flag-2).
#include "bif/system_flag.h"

#include <algorithm>

#include "bif/cpu_topology.h"
#include "bif/heap_options.h"
#include "bif/microstates.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/proc/time.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/system_flags.h"
#include "vm/sched/system_logger.h"
#include "vm/sched/time_offset.h"
#include "vm/term/atoms_emulator.h"
#include "vm/trace/tracing.h"

namespace joist {

namespace {

bool is_boolean(Term term) { return term == atoms::true_ || term == atoms::false_; }

}  // namespace

Term time_offset_state(Process& p) {
  if (p.runtime->time->warp() == TimeWarp::kMulti) return atoms::volatile_;
  return p.runtime->time->is_final() ? Term(atoms::final_) : atoms::preliminary;
}

namespace {

Term set_schedulers_online(Process& p, Term value) {
  Schedulers& schedulers = *p.runtime->schedulers;
  if (!value.is_small() || value.small_value() < 1 ||
      value.small_value() > static_cast<int64_t>(schedulers.count())) {
    return p.badarg();
  }
  const size_t before = schedulers.online();
  const auto wanted = static_cast<size_t>(value.small_value());
  schedulers.set_online(wanted);
  // The share of dirty CPU schedulers that are online follows, in OTP's whole percents.
  DirtyQueue& dirty = schedulers.dirty(ThreadKind::kDirtyCpu);
  const size_t percent = wanted * (dirty.threads() * 100 / schedulers.count()) / before;
  dirty.set_online(std::clamp<size_t>(dirty.online() * percent / 100, 1, dirty.threads()));
  return Term::small(static_cast<int64_t>(before));
}

Term set_dirty_cpu_online(Process& p, Term value) {
  DirtyQueue& queue = p.runtime->schedulers->dirty(ThreadKind::kDirtyCpu);
  // As OTP: never more of them than schedulers online.
  const auto most = std::min(queue.threads(), p.runtime->schedulers->online());
  if (!value.is_small() || value.small_value() < 1 ||
      value.small_value() > static_cast<int64_t>(most)) {
    return p.badarg();
  }
  const size_t before = queue.online();
  queue.set_online(static_cast<size_t>(value.small_value()));
  return Term::small(static_cast<int64_t>(before));
}

// Continues the other schedulers' last slices until they have stopped.
Term await_block(Process& p) {
  Schedulers& schedulers = *p.runtime->schedulers;
  if (schedulers.may_run(p.registers->scheduler) &&
      schedulers.others_stopped(p.registers->scheduler)) {
    return multi_scheduling_state(p);
  }
  return p.yield({atoms::multi_scheduling, Term::nil()});
}

Term set_multi_scheduling(Process& p, Term value) {
  Schedulers& schedulers = *p.runtime->schedulers;
  const uint32_t scheduler = p.registers->scheduler;
  // How the native calls itself again.
  if (value.is_nil() && schedulers.only_one()) return await_block(p);
  if (value == atoms::block || value == atoms::block_normal) {
    schedulers.block(
        p.pid, value == atoms::block ? Schedulers::kAllSchedulers : Schedulers::kNormalSchedulers,
        scheduler);
    return await_block(p);
  }
  if (value == atoms::unblock) {
    schedulers.unblock(p.pid, Schedulers::kAllSchedulers);
  } else if (value == atoms::unblock_normal) {
    schedulers.unblock(p.pid, Schedulers::kNormalSchedulers);
  } else {
    return p.badarg();
  }
  return multi_scheduling_state(p);
}

// kernel_refc counts who wants it; without the kernel application there is nobody to ask.
Term set_scheduler_wall_time(Process& p, Term value) {
  if (!is_boolean(value)) return p.badarg();
  return p.trap(atoms::erts_internal, atoms::system_flag_scheduler_wall_time, {value});
}

Term set_system_logger(Process& p, Term value) {
  if (!(value == atoms::logger) && !(value == atoms::undefined) && !value.is_local_pid()) {
    return p.badarg();
  }
  return p.runtime->logger->exchange_target(value);
}

Term set_backtrace_depth(Process& p, Term value) {
  if (!value.is_small() || value.small_value() < 0) return p.badarg();
  const auto depth = std::min<size_t>(static_cast<size_t>(value.small_value()), kMaxBacktraceDepth);
  return Term::small(static_cast<int64_t>(system_flags(p)->backtrace_depth.exchange(depth)));
}

// --- what new processes' heaps are like ---

// A number of HeapOptions, in words or collections.
template <auto kSet>
Term set_heap_default(Process& p, Term value, size_t (*before)(const HeapOptions& options)) {
  HeapOptions options = system_flags(p)->heap_options();
  const size_t old = before(options);
  if (!kSet(options, value)) return p.badarg();
  system_flags(p)->set_heap_options(options);
  return make_unsigned(p.heap, old);
}

Term set_min_heap(Process& p, Term value) {
  return set_heap_default<set_min_heap_size>(
      p, value, [](const HeapOptions& options) { return options.min_heap_words; });
}

Term set_min_bin_vheap(Process& p, Term value) {
  return set_heap_default<set_min_bin_vheap_size>(p, value, [](const HeapOptions& options) {
    return options.min_off_heap_bytes / sizeof(Word);
  });
}

// Larger numbers than OTP's 16 bits hold mean the largest, where process_flag/2 cuts them off.
Term set_fullsweep(Process& p, Term value) {
  if (value.is_small() && value.small_value() > UINT16_MAX) value = Term::small(UINT16_MAX);
  return set_heap_default<set_fullsweep_after>(
      p, value, [](const HeapOptions& options) { return size_t{options.fullsweep_after}; });
}

Term set_max_heap(Process& p, Term value) {
  const HeapOptions before = system_flags(p)->heap_options();
  HeapOptions options = before;
  options.kill_at_max_heap = options.log_at_max_heap = true;
  options.max_includes_shared_binaries = false;
  if (!parse_max_heap_size(value, p.runtime->otp_release, &options) ||
      !max_holds_min_heap(options)) {
    return p.badarg();
  }
  system_flags(p)->set_heap_options(options);
  return max_heap_size_map(p.heap, before, p.runtime->otp_release);
}

Term set_outstanding_requests(Process& p, Term value) {
  if (!value.is_small() || value.small_value() < 1) return p.badarg();
  return Term::small(system_flags(p)->outstanding_requests.exchange(value.small_value()));
}

// {Pid}, Port, false: who gets the messages of sequential tracing. The former one.
Term set_sequential_tracer(Process& p, Term value) {
  Tracing& tracing = *p.runtime->tracing;
  Term tracer = value;
  if (is_tuple(value) && tuple_size(value) == 2 && tuple_elements(value)[0] == atoms::erl_tracer) {
    tracer = tuple_elements(value)[1];
  }
  if (tracer != atoms::false_ && !is_tracer_alive(*p.runtime, tracer)) return p.badarg();
  return Term::from_bits(tracing.sequential_tracer.exchange(tracer.bits()));
}

Term set_trace_control_word(Process& p, Term value) {
  if (!value.is_small() || value.small_value() < 0 || value.small_value() > UINT32_MAX) {
    return p.badarg();
  }
  return Term::small(
      p.runtime->tracing->control_word.exchange(static_cast<uint32_t>(value.small_value())));
}

Term finalize_time_offset(Process& p, Term value) {
  if (!(value == atoms::finalize)) return p.badarg(atoms::badopt);
  const Term before = time_offset_state(p);
  if (p.runtime->time->finalize()) tell_time_offset(*p.runtime, p.registers->scheduler);
  return before;
}

Term not_there(Process& p, Term) { return p.not_supported("system_flag"); }

// Schedulers are bound to no processors, so that they can only stay so.
Term set_bind_type(Process& p, Term value) {
  if (value == atoms::unbound) return value;
  constexpr std::string_view kTypes[] = {"default_bind",
                                         "no_node_processor_spread",
                                         "no_node_thread_spread",
                                         "no_spread",
                                         "processor_spread",
                                         "spread",
                                         "thread_no_node_processor_spread",
                                         "thread_spread"};
  const std::string_view type = value.is_atom() ? atom_text(value) : std::string_view();
  return std::ranges::find(kTypes, type) == std::end(kTypes)
             ? p.badarg()
             : p.not_supported("system_flag scheduler_bind_type");
}

constexpr struct {
  Term name;
  Term (*set)(Process& p, Term value);
} kFlags[] = {
    {atoms::backtrace_depth, set_backtrace_depth},
    {atoms::cpu_topology, set_cpu_topology},
    {atoms::dirty_cpu_schedulers_online, set_dirty_cpu_online},
    {atoms::erts_alloc, not_there},
    {atoms::fullsweep_after, set_fullsweep},
    {atoms::max_heap_size, set_max_heap},
    {atoms::microstate_accounting, set_microstate_accounting},
    {atoms::min_bin_vheap_size, set_min_bin_vheap},
    {atoms::min_heap_size, set_min_heap},
    {atoms::multi_scheduling, set_multi_scheduling},
    {atoms::outstanding_system_requests_limit, set_outstanding_requests},
    {atoms::scheduler_bind_type, set_bind_type},
    {atoms::scheduler_wall_time, set_scheduler_wall_time},
    {atoms::schedulers_online, set_schedulers_online},
    {atoms::sequential_tracer, set_sequential_tracer},
    {atoms::system_logger, set_system_logger},
    {atoms::time_offset, finalize_time_offset},
    {atoms::trace_control_word, set_trace_control_word},
};

Term system_flag_2(Process& p, Term name, Term value) {
  for (const auto& flag : kFlags) {
    if (flag.name == name) return flag.set(p, value);
  }
  if (name == must_atom("internal_cpu_topology")) return set_internal_cpu_topology(p, value);
  return p.badarg(atoms::badopt);
}

// erts_internal: true when it was on before. Nothing is left to wait for.
Term scheduler_wall_time_1(Process& p, Term value) {
  return boolean(p.runtime->schedulers->measure_wall_time(value == atoms::true_));
}

constexpr NativeEntry kSystemFlagNatives[] = {
    {"erlang", "system_flag", native<system_flag_2>},
    {"erts_internal", "scheduler_wall_time", native<scheduler_wall_time_1>},
};

}  // namespace

Term multi_scheduling_state(Process& p) {
  const Schedulers& schedulers = *p.runtime->schedulers;
  if (!schedulers.blockers(Schedulers::kAllSchedulers).empty()) return atoms::blocked;
  if (!schedulers.blockers(Schedulers::kNormalSchedulers).empty()) return atoms::blocked_normal;
  return atoms::enabled;
}

std::span<const NativeEntry> system_flag_natives() { return kSystemFlagNatives; }

}  // namespace joist
