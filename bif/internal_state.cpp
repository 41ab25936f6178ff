// erts_debug:get_internal_state/1 (bif/internal_state.h). The forms of the answers are those of
// ERTS, as its test suites match on them.
#include "bif/internal_state.h"

#include <cstdio>

#include "bif/persistent.h"
#include "bif/process_info_items.h"
#include "bif/process_request.h"
#include "bif/registry.h"
#include "vm/driver/interface.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/io/ports.h"
#include "vm/proc/process_extras.h"
#include "vm/proc/process_table.h"
#include "vm/sched/signal_handler.h"
#include "vm/sched/system_flags.h"
#include "vm/term/bits.h"
#include "vm/term/hash.h"
#include "vm/term/node.h"

namespace joist {

namespace {

// --- links and monitors ---

Term text_atom(const char* text) { return must_atom(text); }

// {erl_link, process | port | dist_process, Pid, linked | unlinking, Id}
Term link_entry(Allocator& to, Term other, const Link& link) {
  const char* type = other.is_local_port() ? "port" : "process";
  return make_tuple(to, {text_atom("erl_link"), text_atom(type), other,
                         text_atom(link.unlinking == 0 ? "linked" : "unlinking"),
                         make_unsigned(to, other.bits())});
}

Term link_list(Allocator& to, const Process& p) {
  Term list = Term::nil();
  if (p.relations == nullptr) return list;
  for (const auto& [other, link] : p.relations->links) {
    list = make_cons(to, link_entry(to, Term::from_bits(other), link), list);
  }
  return list;
}

const char* monitor_type(MonitorKind kind) {
  switch (kind) {
    case MonitorKind::kPort:
      return "port";
    case MonitorKind::kTimeOffset:
      return "time_offset";
    case MonitorKind::kNode:
      return "node";
    default:
      return "process";
  }
}

// {erl_monitor, Type, origin | target, Ref, Pid, Name or []}
Term monitor_entry(Allocator& to, const char* type, const char* direction, uint64_t id, Term other,
                   Term name) {
  return make_tuple(
      to, {text_atom("erl_monitor"), text_atom(type), text_atom(direction),
           make_ref(to, reference_numbers(id)), other.is_none() ? Term(atoms::undefined) : other,
           name.is_none() ? Term::nil() : name});
}

Term monitor_list(Allocator& to, const Process& p) {
  Term list = Term::nil();
  if (p.relations == nullptr) return list;
  for (const auto& [id, monitor] : p.relations->monitors) {
    const char* type = monitor_type(monitor.kind);
    list = make_cons(to, monitor_entry(to, type, "origin", id, monitor.target, monitor.name), list);
  }
  for (const auto& [id, watcher] : p.relations->watchers) {
    list = make_cons(to, monitor_entry(to, "process", "target", id, watcher.process, watcher.name),
                     list);
  }
  return list;
}

using Lister = Term (*)(Allocator& to, const Process& p);

template <Lister kList>
void on_list(Process& receiver, Signal& signal) {
  if (receiver.is_exiting) return answer(receiver, signal, atoms::undefined);
  Allocator scratch;
  answer(receiver, signal, kList(scratch, receiver));
}

// Of a process; a node's name has none here.
template <Lister kList>
Term relations_of(Process& p, Term who) {
  if (who.is_atom()) return atoms::undefined;
  if (!who.is_local_pid()) return p.badarg();
  if (!(who == p.pid)) {
    return ask_process(p, who, on_list<kList>, {}, atoms::undefined, 0, SignalKind::kQuestion);
  }
  if (!p.signals.empty()) handle_signals(p);
  return p.is_exiting ? p.ended_by_signal() : kList(p.heap, p);
}

// --- processes ---

// What it does at this moment, asked without its help; that may be over when the answer comes.
Term process_status(Process& p, Term pid) {
  if (!pid.is_local_pid()) return p.badarg();
  Process* other = p.runtime->processes->find(pid);
  if (other == nullptr) return atoms::undefined;
  if (std::atomic_ref(other->is_exiting).load(std::memory_order_relaxed)) {
    return text_atom("exiting");
  }
  if (other == &p) return text_atom("running");
  const uint32_t state = other->state.load(std::memory_order_acquire);
  return (state & process_state::kScheduled) != 0 ? text_atom("runnable") : text_atom("waiting");
}

// All at once, without regard to how long it takes.
Term processes(Process& p) {
  ProcessTable::Census census(*p.runtime->processes);
  census.go_on(census.slots());
  return make_list(p.heap, census.pids());
}

// How erlang:processes/0 goes about it.
Term processes_bif_info(Process& p) {
  const auto chunks = static_cast<int64_t>(p.runtime->processes->limit() / 1000 + 1);
  return make_tuple(p.heap, {text_atom("ptab_list_bif_info"), Term::small(50), Term::small(chunks),
                             Term::small(1000), Term::small(25), Term::small(10), Term::small(20),
                             Term::small(1000), Term::small(64), Term::small(0)});
}

Term next_pid(Process& p) { return make_unsigned(p.heap, p.runtime->processes->next_number()); }

Term next_port(Process& p) {
  return make_unsigned(p.heap, p.runtime->ports->table().next_number());
}

Term process_info_args(Process& p) { return process_item_names(p, p.heap); }

Term reds_left(Process& p) { return make_integer(p.heap, p.reductions); }

// --- binaries, references, terms ---

Term binary_info(Process& p, Term binary) {
  if (!is_bits(binary)) return p.badarg();
  if (is_kind(binary, Boxed::kHeapBits)) return text_atom("heap_binary");
  const auto* view = reinterpret_cast<const SubBits*>(binary.object());
  const Binary* buffer = reinterpret_cast<const OffHeap*>(view->holder.object())->binary;
  const Term size = make_unsigned(p.heap, (view->bit_offset + view->bit_size + 7) / 8);
  const Term whole = make_tuple(p.heap, {atoms::binary, make_unsigned(p.heap, buffer->capacity)});
  return make_tuple(p.heap, {text_atom("refc_binary"), size, whole, Term::small(0)});
}

// {Address, References, is it made by set_internal_state(make, magic_ref)}
Term magic_ref(Process& p, Term reference) {
  if (!is_kind(reference, Boxed::kMagicRef)) return atoms::false_;
  const Binary* binary = reinterpret_cast<const OffHeap*>(reference.object())->binary;
  const int64_t count = __atomic_load_n(&binary->reference_count, __ATOMIC_RELAXED);
  return make_tuple(
      p.heap, {make_unsigned(p.heap, reinterpret_cast<uintptr_t>(binary)),
               make_integer(p.heap, count), boolean(Magic<TestObject>::get(reference) != nullptr)});
}

Term internal_hash_of(Process& p, Term term) { return make_unsigned(p.heap, internal_hash(term)); }

// The atom with that index, having made as many as that takes.
Term atom_of_index(Process& p, Term index) {
  if (!index.is_small() || index.small_value() < 0 ||
      index.small_value() >= static_cast<int64_t>(atom_limit())) {
    return p.badarg();
  }
  char text[20];
  for (size_t count; (count = atom_count()) <= static_cast<size_t>(index.small_value());) {
    snprintf(text, sizeof text, "am%zx", count);
    must_atom(text);
    // One of that name may be there already.
    for (unsigned n = 0; atom_count() == count; ++n) {
      snprintf(text, sizeof text, "am%zx_%x", count, n);
      must_atom(text);
    }
  }
  return Term::atom(static_cast<uint32_t>(index.small_value()));
}

// --- time ---

// {check_time_config, Correction, Mode}: whether the machine's clocks allow it.
Term check_time_config(Process& p, Term correction, Term mode) {
  const std::string_view name = text_of(mode);
  const bool known =
      name == "no_time_warp" || name == "single_time_warp" || name == "multi_time_warp";
  const bool is_boolean = correction == atoms::true_ || correction == atoms::false_;
  return known && is_boolean ? Term(atoms::true_) : p.badarg();
}

Term memory(Process& p) { return p.trap(atoms::erlang, atoms::memory, {}); }

// Of the table behind persistent_term.
Term persistent_term_table(Process& p) {
  const Term pair[] = {must_atom("table"),
                       make_unsigned(p.heap, p.runtime->persistent->table_slots())};
  return make_map(p.heap, pair);
}

// How often the loads of run queues have been evened out: schedulers without work take some from
// others at each turn, so turns are what is counted.
Term balance_count(Process& p) {
  return make_unsigned(p.heap, p.runtime->statistics.context_switches.load());
}

// {Descriptors in error, used, of driver_select, of enif_select}
Term check_io_debug(Process& p) {
  const auto selected = static_cast<int64_t>(DriverInterface::current()->descriptors().count());
  return make_tuple(p.heap,
                    {Term::small(0), Term::small(selected), Term::small(selected), Term::small(0)});
}

Term yes(Process&) { return atoms::true_; }
Term no(Process&) { return atoms::false_; }
// What this build does not count: as an ERTS that is not built for it.
Term not_counted(Process&) { return text_atom("notsup"); }

constexpr struct {
  std::string_view name;
  Term (*get)(Process& p);
} kItems[] = {
    {"available_internal_state", yes},
    {"check_io_debug", check_io_debug},
    {"flxctr_memory_usage", not_counted},
    {"force_heap_frags", no},
    {"hashmap_collision_bonanza", no},
    {"lc_graph", not_counted},
    {"memory", memory},
    {"nbalance", balance_count},
    {"next_pid", next_pid},
    {"next_port", next_port},
    {"persistent_term", persistent_term_table},
    {"process_info_args", process_info_args},
    {"processes", processes},
    {"processes_bif_info", processes_bif_info},
    {"reds_left", reds_left},
    {"scheduler_dump", no},
};

constexpr struct {
  std::string_view name;
  Term (*get)(Process& p, Term argument);
} kItemsOf[] = {
    {"atom", atom_of_index},
    {"binary_info", binary_info},
    {"internal_hash", internal_hash_of},
    {"link_list", relations_of<link_list>},
    {"magic_ref", magic_ref},
    {"monitor_list", relations_of<monitor_list>},
    {"process_status", process_status},
};

Term get_internal_state_1(Process& p, Term what) {
  if (!internal_state_available(p)) return Term::none();
  if (what.is_atom()) {
    for (const auto& item : kItems) {
      if (item.name == atom_text(what)) return item.get(p);
    }
    return p.not_supported("internal state");
  }
  if (!is_tuple(what) || tuple_size(what) < 2) return p.badarg();
  const std::span<const Term> parts = tuple_elements(what);
  if (parts.size() == 3 && text_of(parts[0]) == "check_time_config") {
    return check_time_config(p, parts[1], parts[2]);
  }
  if (parts.size() != 2) return p.badarg();
  for (const auto& item : kItemsOf) {
    if (item.name == text_of(parts[0])) return item.get(p, parts[1]);
  }
  return p.not_supported("internal state");
}

constexpr NativeEntry kInternalStateNatives[] = {
    {"erts_debug", "get_internal_state", native<get_internal_state_1>},
};

}  // namespace

bool internal_state_available(Process& p) {
  if (system_flags(p) != nullptr && system_flags(p)->internal_state.load()) return true;
  p.error(atoms::undef);
  return false;
}

std::span<const NativeEntry> internal_state_natives() { return kInternalStateNatives; }

}  // namespace joist
