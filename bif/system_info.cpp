// erlang:system_info/1. One line of a table for each item; items that Joist has nothing to tell
// about yet are refused with not_supported, unknown ones with badarg.
#include <algorithm>
#include <bit>
#include <string>

#include "bif/cpu_topology.h"
#include "bif/heap_options.h"
#include "bif/memory.h"
#include "bif/registry.h"
#include "bif/spawn_options.h"
#include "bif/system_flag.h"
#include "bif/system_internals.h"
#include "bif/system_version.h"
#include "vm/dist/nodes.h"
#include "vm/ets/tables.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/io/ports.h"
#include "vm/nif/interface.h"
#include "vm/os/host.h"
#include "vm/os/thread.h"
#include "vm/proc/process_table.h"
#include "vm/proc/time.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/system_flags.h"
#include "vm/sched/system_logger.h"
#include "vm/term/atoms_emulator.h"
#include "vm/term/rules.h"
#include "vm/trace/tracing.h"

namespace joist {

namespace {

struct Release {
  int number;
  const char* erts;
  const char* nif;
  size_t process_limit;
};
// The newest release comes last; a release that is not listed is like the one before it.
constexpr Release kReleases[] = {
    {25, "13.1.5", "2.16", 262144},
    {27, "15.2.7", "2.17", 1048576},
    {29, "17.1", "2.18", 1048576},
};

const Release& release(const Runtime& runtime) {
  const Release* found = kReleases;
  for (const Release& candidate : kReleases) {
    if (candidate.number <= runtime.otp_release) found = &candidate;
  }
  return *found;
}
const Release& release(Process& p) { return release(*p.runtime); }

const SystemSettings& settings(Process& p) { return p.runtime->settings; }

std::string erts_version(const Runtime& runtime) {
  const std::string& version = runtime.settings.erts_version;
  return version.empty() ? release(runtime).erts : version;
}

Term make_size(size_t size) { return Term::small(static_cast<int64_t>(size)); }

// --- identity ---

Term otp_release(Process& p) { return make_string(p.heap, std::to_string(p.runtime->otp_release)); }
Term compat_rel(Process& p) { return Term::small(p.runtime->otp_release); }
Term version(Process& p) { return make_string(p.heap, erts_version(*p.runtime)); }
Term nif_version(Process& p) { return make_string(p.heap, release(p).nif); }
Term driver_version(Process& p) { return make_string(p.heap, "3.3"); }
Term machine(Process& p) { return make_string(p.heap, "BEAM"); }
Term system_architecture(Process& p) { return make_string(p.heap, host().architecture); }

Term taints(Process& p) { return make_list(p.heap, NativeInterface::current()->taints()); }
Term system_version(Process& p) { return make_string(p.heap, system_version_text(*p.runtime)); }

Term os_type(Process& p) { return make_tuple(p.heap, {atoms::unix_, must_atom(host().system)}); }
Term os_version(Process& p) {
  const Host& h = host();
  return make_tuple(
      p.heap, {Term::small(h.version[0]), Term::small(h.version[1]), Term::small(h.version[2])});
}

Term c_compiler_used(Process& p) {
  Term numbers = make_tuple(p.heap, {Term::small(__clang_major__), Term::small(__clang_minor__),
                                     Term::small(__clang_patchlevel__)});
  return make_tuple(p.heap, {atoms::clang, numbers});
}

Term emu_args(Process& p) {
  ListBuilder arguments(p.heap);
  for (const std::string& argument : settings(p).emulator_arguments) {
    arguments.add(make_string(p.heap, argument));
  }
  return arguments.finish();
}

Term break_ignored(Process& p) { return boolean(settings(p).break_ignored); }

// --- processors and schedulers ---

Term processors(int count) { return count > 0 ? Term::small(count) : atoms::unknown; }
// As they were when the VM was asked to look last.
Term logical_processors(Process& p) {
  return processors(static_cast<int>(system_flags(p)->known_processors.load() >> 32));
}
Term logical_processors_available(Process& p) {
  return processors(static_cast<int>(static_cast<uint32_t>(system_flags(p)->known_processors)));
}
Term update_cpu_info(Process& p) {
  const uint64_t now = SystemFlags::processors_now();
  const uint64_t before = system_flags(p)->known_processors.exchange(now);
  return before == now ? atoms::unchanged : atoms::changed;
}
Term used_cpu_topology(Process& p) { return cpu_topology(p, atoms::used); }
Term quota(Process&) { return processors(cpu_quota()); }

Term schedulers_online(Process& p) { return make_size(p.runtime->schedulers->online()); }
Term dirty_cpu_online(Process& p) {
  return make_size(p.runtime->schedulers->dirty(ThreadKind::kDirtyCpu).online());
}
Term schedulers_active(Process& p) {
  const Schedulers& schedulers = *p.runtime->schedulers;
  return make_size(schedulers.only_one() ? 1 : schedulers.online());
}
Term scheduler_id(Process& p) { return make_size(p.registers->scheduler + 1); }
Term process_count(Process& p) { return make_size(p.runtime->processes->count()); }
Term port_count(Process& p) { return make_size(p.runtime->ports->table().count()); }
Term sequential_tracer(Process& p) {
  const Word tracer = p.runtime->tracing->sequential_tracer.load(std::memory_order_acquire);
  return make_tuple(p.heap, {atoms::sequential_tracer, Term::from_bits(tracer)});
}
Term trace_control_word(Process& p) { return Term::small(p.runtime->tracing->control_word.load()); }

Term system_logger(Process& p) { return p.runtime->logger->target(); }

// As OTP, where a scheduler that is alone is blocked by nobody.
template <Schedulers::BlockKind kKind>
Term blockers(Process& p) {
  if (p.runtime->schedulers->count() == 1) return Term::nil();
  return make_list(p.heap, p.runtime->schedulers->blockers(kKind));
}

Term schedulers_state(Process& p) {
  return make_tuple(
      p.heap, {make_size(settings(p).schedulers), schedulers_online(p), schedulers_active(p)});
}

Term all_schedulers_state(Process& p) {
  const SystemSettings& s = settings(p);
  ListBuilder states(p.heap);
  const bool all_blocked = !p.runtime->schedulers->blockers(Schedulers::kAllSchedulers).empty();
  auto add = [&](Term kind, size_t count, Term online) {
    const Term active = all_blocked ? Term::small(0) : online;
    if (count > 0) states.add(make_tuple(p.heap, {kind, make_size(count), online, active}));
  };
  states.add(make_tuple(p.heap, {atoms::normal, make_size(s.schedulers), schedulers_online(p),
                                 schedulers_active(p)}));
  add(atoms::dirty_cpu, s.dirty_cpu_schedulers, dirty_cpu_online(p));
  add(atoms::dirty_io, s.dirty_io_schedulers, make_size(s.dirty_io_schedulers));
  return states.finish();
}

Term scheduler_bindings(Process& p) {
  Term bindings = make_tuple_uninitialised(p.heap, settings(p).schedulers);
  for (Term& binding : tuple_elements(bindings)) binding = atoms::unbound;
  return bindings;
}

// --- limits ---

Term atom_count_item(Process&) { return make_size(atom_count()); }
Term atom_limit_item(Process&) { return make_size(atom_limit()); }
Term ets_count(Process& p) { return make_size(p.runtime->ets->count()); }
Term process_limit(Process& p) {
  size_t limit = settings(p).process_limit;
  return make_size(limit != 0 ? limit : release(p).process_limit);
}

// --- heaps ---

Term tagged(Process& p, Term item, size_t value) {
  return make_tuple(p.heap, {item, make_size(value)});
}
Term fullsweep_after(Process& p) {
  return tagged(p, atoms::fullsweep_after, default_heap_options(p).fullsweep_after);
}
Term min_heap_size(Process& p) {
  return tagged(p, atoms::min_heap_size, default_heap_options(p).min_heap_words);
}
Term min_bin_vheap_size(Process& p) {
  return tagged(p, atoms::min_bin_vheap_size,
                default_heap_options(p).min_off_heap_bytes / sizeof(Word));
}

Term garbage_collection(Process& p) {
  const Term size = tagged(p, atoms::max_heap_size, default_heap_options(p).max_heap_words);
  return make_list(p.heap, std::initializer_list<Term>{size, min_bin_vheap_size(p),
                                                       min_heap_size(p), fullsweep_after(p)});
}

Term max_heap_size(Process& p) {
  return max_heap_size_map(p.heap, default_heap_options(p), p.runtime->otp_release);
}

Term outstanding_requests(Process& p) {
  return Term::small(system_flags(p)->outstanding_requests.load());
}
Term message_queue_data(Process& p) { return default_spawn_options(p).message_queue_data; }

// --- flags ---

Term time_correction(Process& p) { return boolean(p.runtime->time->correction()); }
Term port_parallelism(Process& p) { return boolean(p.runtime->ports->parallelism()); }
Term tables_compressed(Process& p) { return boolean(p.runtime->ets->compresses_by_default()); }

// --- time ---

Term start_time(Process& p) { return make_integer(p.heap, p.runtime->time->start()); }
Term end_time(Process& p) {
  return make_integer(p.heap, INT64_MAX / ErlangTime::kSecond * ErlangTime::kSecond);
}
Term time_warp_mode(Process& p) {
  switch (p.runtime->time->warp()) {
    case TimeWarp::kSingle:
      return atoms::single_time_warp;
    case TimeWarp::kMulti:
      return atoms::multi_time_warp;
    case TimeWarp::kNone:
      break;
  }
  return atoms::no_time_warp;
}

Term time_source(Process& p, Term clock, int64_t now, bool monotonic) {
  constexpr int64_t kResolution = ErlangTime::kSecond;  // steps a second
  ListBuilder properties(p.heap);
  auto add = [&](Term property, Term value) {
    properties.add(make_tuple(p.heap, {property, value}));
  };
  add(atoms::function, atoms::clock_gettime);
  add(atoms::clock_id, clock);
  add(atoms::resolution, Term::small(kResolution));
  if (monotonic) add(atoms::extended, atoms::no);
  add(atoms::parallel, atoms::yes);
  add(atoms::time, make_integer(p.heap, now));
  return properties.finish();
}
Term os_monotonic_time_source(Process& p) {
  return time_source(p, atoms::CLOCK_MONOTONIC_, p.runtime->time->clock().monotonic_ns(), true);
}
Term os_system_time_source(Process& p) {
  return time_source(p, atoms::CLOCK_REALTIME_, p.runtime->time->clock().wall_ns(), false);
}

Term max_integer(Process& p) {
  // The largest bignum of the release: all bits of all its limbs.
  if (p.runtime->otp_release < 27) return p.badarg();
  size_t limbs = term_rules().max_big_limbs;
  Word* words = p.heap.alloc(1 + limbs);
  words[0] = make_header(Boxed::kPositiveBig, limbs);
  std::fill_n(words + 1, limbs, ~Word{0});
  return Term::boxed(words);
}

// From OTP 26 on.
Term creation(Process& p) { return make_unsigned(p.heap, local_node()->creation); }

Term dist_buf_busy_limit(Process& p) { return make_unsigned(p.heap, Nodes::of(p).busy_limit()); }

// [{Node, Controller}] of all connections.
Term dist_ctrl(Process& p) {
  ListBuilder list(p.heap);
  for (Peer* peer : Nodes::of(p).all()) {
    const Peer::Info info = peer->info();
    if (info.state == Channel::State::kUp) {
      list.add(make_tuple(p.heap, {peer->name(), info.controller}));
    }
  }
  return list.finish();
}

Term async_dist(Process& p) { return p.runtime->otp_release >= 26 ? atoms::false_ : p.badarg(); }
Term halt_flush_timeout(Process& p) {
  if (p.runtime->otp_release < 26) return p.badarg();
  const int64_t limit = system_flags(p)->halt_flush_timeout_ms.load();
  return limit == kNoTimeLimit ? Term(atoms::infinity) : Term::small(limit);
}

Term missing(Process& p) { return p.not_supported("system_info"); }

// An item's value: always the same, a number of the settings, or to be found out.
struct Item {
  using Get = Term (*)(Process&);
  using Field = size_t SystemSettings::*;

  constexpr Item(Term item, Term value) : name(item), fixed(value) {}
  constexpr Item(Term item, int64_t value) : name(item), fixed(Term::small(value)) {}
  constexpr Item(Term item, Field setting) : name(item), field(setting) {}
  constexpr Item(Term item, Get function) : name(item), get(function) {}

  Term value(Process& p) const {
    if (get != nullptr) return get(p);
    return field != nullptr ? make_size(settings(p).*field) : fixed;
  }

  Term name;
  Term fixed = Term::none();
  Field field = nullptr;
  Get get = nullptr;
};

constexpr Item kItems[] = {
    {atoms::all_schedulers_state, all_schedulers_state},
    {atoms::alloc_util_allocators, counted_allocators},
    {atoms::allocated_areas, allocated_areas},
    {atoms::allocator, allocator_of_system},
    {atoms::async_dist, async_dist},
    {atoms::atom_count, atom_count_item},
    {atoms::atom_limit, atom_limit_item},
    {atoms::beam_jump_table, atoms::true_},
    {atoms::break_ignored, break_ignored},
    {atoms::build_type, atoms::opt},
    {atoms::c_compiler_used, c_compiler_used},
    {atoms::check_io, check_io},
    {atoms::compat_rel, compat_rel},
    {atoms::constant_pool_support, atoms::true_},
    {atoms::context_reductions, int64_t{kReductionsPerSlice}},
    {atoms::cpu_quota, quota},
    {atoms::cpu_topology, used_cpu_topology},
    {atoms::creation, creation},
    {atoms::debug_compiled, kAssertions ? atoms::true_ : atoms::false_},
    {atoms::decentralized_counter_groups_map, missing},
    {atoms::delayed_node_table_gc, atoms::infinity},
    {atoms::dirty_cpu_schedulers, &SystemSettings::dirty_cpu_schedulers},
    {atoms::dirty_cpu_schedulers_online, dirty_cpu_online},
    {atoms::dirty_io_schedulers, &SystemSettings::dirty_io_schedulers},
    {atoms::dist, nodes_text},
    {atoms::dist_buf_busy_limit, dist_buf_busy_limit},
    {atoms::dist_ctrl, dist_ctrl},
    {atoms::driver_version, driver_version},
    {atoms::dynamic_trace, atoms::none},
    {atoms::dynamic_trace_probes, atoms::false_},
    {atoms::eager_check_io, atoms::true_},
    {atoms::emu_args, emu_args},
    {atoms::emu_flavor, atoms::emu},
    {atoms::emu_type, atoms::opt},
    {atoms::end_time, end_time},
    {atoms::endian, std::endian::native == std::endian::little ? atoms::little : atoms::big},
    {atoms::ethread_info, Term::nil()},
    {atoms::ethread_used_tse, int64_t{0}},
    {atoms::ets_count, ets_count},
    {atoms::ets_always_compress, tables_compressed},
    {atoms::ets_limit, &SystemSettings::table_limit},
    {atoms::ets_realloc_moves, atoms::false_},
    {atoms::fullsweep_after, fullsweep_after},
    {atoms::garbage_collection, garbage_collection},
    {atoms::halt_flush_timeout, halt_flush_timeout},
    {atoms::heap_sizes, heap_size_steps},
    {atoms::heap_type, atoms::private_},
    {atoms::hipe_architecture, atoms::undefined},
    {atoms::info, system_text},
    {atoms::io_thread, atoms::false_},
    {atoms::kernel_poll, atoms::true_},
    {atoms::loaded, loaded_code_text},
    {atoms::lock_checking, atoms::false_},
    {atoms::lock_counting, atoms::false_},
    {atoms::logical_processors, logical_processors},
    {atoms::logical_processors_available, logical_processors_available},
    {atoms::logical_processors_online, logical_processors},
    {atoms::machine, machine},
    {atoms::max_heap_size, max_heap_size},
    {atoms::max_integer, max_integer},
    {atoms::message_queue_data, message_queue_data},
    {atoms::min_bin_vheap_size, min_bin_vheap_size},
    {atoms::min_heap_size, min_heap_size},
    {atoms::modified_timing_level, atoms::undefined},
    {atoms::multi_scheduling, multi_scheduling_state},
    {atoms::multi_scheduling_blockers, blockers<Schedulers::kAllSchedulers>},
    {atoms::nif_version, nif_version},
    {atoms::normal_multi_scheduling_blockers, blockers<Schedulers::kNormalSchedulers>},
    {atoms::os_monotonic_time_source, os_monotonic_time_source},
    {atoms::os_system_time_source, os_system_time_source},
    {atoms::os_type, os_type},
    {atoms::os_version, os_version},
    {atoms::otp_release, otp_release},
    {atoms::outstanding_system_requests_limit, outstanding_requests},
    {atoms::port_count, port_count},
    {atoms::port_limit, &SystemSettings::port_limit},
    {atoms::port_parallelism, port_parallelism},
    {atoms::port_tasks, atoms::true_},
    {atoms::process_count, process_count},
    {atoms::process_limit, process_limit},
    {atoms::procs, processes_text},
    {atoms::reader_groups_map, missing},
    {atoms::run_queues, &SystemSettings::schedulers},
    {atoms::scheduler_bind_type, atoms::unbound},
    {atoms::scheduler_bindings, scheduler_bindings},
    {atoms::scheduler_id, scheduler_id},
    {atoms::schedulers, &SystemSettings::schedulers},
    {atoms::schedulers_active, schedulers_active},
    {atoms::schedulers_online, schedulers_online},
    {atoms::schedulers_state, schedulers_state},
    {atoms::schedulers_total, &SystemSettings::schedulers},
    {atoms::scheduling_statistics, scheduling_counts},
    {atoms::sequential_tracer, sequential_tracer},
    {atoms::smp_support, atoms::true_},
    {atoms::snifs, native_functions},
    {atoms::start_time, start_time},
    {atoms::system_architecture, system_architecture},
    {atoms::system_logger, system_logger},
    {atoms::system_version, system_version},
    {atoms::taints, taints},
    {atoms::thread_pool_size, &SystemSettings::async_threads},
    {atoms::threads, atoms::true_},
    {atoms::time_correction, time_correction},
    {atoms::time_offset, time_offset_state},
    {atoms::time_warp_mode, time_warp_mode},
    {atoms::tolerant_timeofday, atoms::enabled},
    {atoms::total_scheduling_statistics, scheduling_counts},
    {atoms::trace_control_word, trace_control_word},
    {atoms::update_cpu_info, update_cpu_info},
    {atoms::version, version},
    {atoms::wordsize, int64_t{sizeof(Word)}},
};

Term info_of_tuple(Process& p, Term tuple) {
  std::span<const Term> elements = tuple_elements(tuple);
  if (elements.size() == 3 && elements[0] == atoms::memory_internal) {
    return send_memory_data(p, elements[1], elements[2]);
  }
  if (elements.size() != 2) return p.badarg();
  if (elements[0] == atoms::wordsize &&
      (elements[1] == atoms::internal || elements[1] == atoms::external)) {
    return Term::small(sizeof(Word));
  }
  if (elements[0] == atoms::cpu_topology) return cpu_topology(p, elements[1]);
  if (elements[0] == must_atom("internal_cpu_topology")) {
    return internal_cpu_topology(p, elements[1]);
  }
  if (elements[0] == atoms::allocator_sizes) return allocator_sizes(p, elements[1]);
  if (elements[0] == atoms::allocator) {
    return is_known_allocator(elements[1]) ? Term(atoms::false_) : Term(atoms::undefined);
  }
  return p.badarg();
}

Term system_info_1(Process& p, Term item) {
  if (is_tuple(item)) return info_of_tuple(p, item);
  for (const Item& candidate : kItems) {
    if (candidate.name == item) return candidate.value(p);
  }
  return p.badarg();
}

constexpr NativeEntry kSystemInfoNatives[] = {
    {"erlang", "system_info", native<system_info_1>},
};

}  // namespace

std::string system_version_text(const Runtime& runtime) {
  const SystemSettings& s = runtime.settings;
  const std::string schedulers = std::to_string(s.schedulers);
  const std::string online = std::to_string(runtime.schedulers->online());
  const std::string dirty = std::to_string(s.dirty_cpu_schedulers);
  const std::string dirty_online =
      std::to_string(runtime.schedulers->dirty(ThreadKind::kDirtyCpu).online());
  return "Erlang/OTP " + std::to_string(runtime.otp_release) + " [erts-" + erts_version(runtime) +
         "] [source] [64-bit] [smp:" + schedulers + ":" + online + "] [ds:" + dirty + ":" +
         dirty_online + ":" + std::to_string(s.dirty_io_schedulers) +
         "] [async-threads:" + std::to_string(s.async_threads) + "]\n";
}

std::span<const NativeEntry> system_info_natives() { return kSystemInfoNatives; }

}  // namespace joist
