#include "bif/process_info_items.h"

#include <algorithm>

#include "bif/heap_options.h"
#include "bif/process_place.h"
#include "bif/spawn_options.h"
#include "vm/base/config.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/proc/process_extras.h"
#include "vm/proc/relations.h"
#include "vm/sched/suspend.h"
#include "vm/sched/system_logger.h"
#include "vm/term/node.h"
#include "vm/trace/sequential.h"

namespace joist {

namespace {

constexpr size_t kItemsPerReduction = 4;

using D = const Described&;

Term words_term(D d, size_t words) { return make_unsigned(d.to, words); }
void charge(D d, size_t count) {
  if (!d.aside) d.process.charge(static_cast<int64_t>(count));
}
Term property(D d, Term name, Term value) { return make_tuple(d.to, {name, value}); }

// --- what it does ---

Term status(D d) {
  const Process& p = d.process;
  if (d.itself) return atoms::running;
  if (p.suspend_count != 0) return atoms::suspended;
  // It answers; would it do anything else now?
  const bool has_timed_out = (p.state.load() & process_state::kTimedOut) != 0;
  const bool waits =
      p.run_outcome == RunOutcome::kWaiting && p.messages.current() == nullptr && !has_timed_out;
  return waits ? atoms::waiting : atoms::running;
}

Term initial_call(D d) {
  const Mfa& mfa = d.process.initial_call;
  if (mfa.module.is_none()) return atoms::undefined;
  return make_tuple(d.to, {mfa.module, mfa.function, Term::small(mfa.arity)});
}

Term reductions(D d) {
  const int64_t used = d.aside ? 0 : kReductionsPerSlice - d.process.reductions;
  return make_unsigned(d.to, d.process.reductions_done + static_cast<uint64_t>(used));
}

Term registered_name(D d) {
  const Term name = d.process.registered_name.get();
  return name.is_none() ? Term::nil() : name;
}

// The first process is its own.
Term parent(D d) {
  const Term parent = d.process.parent;
  return parent.is_none() || parent == d.process.pid ? Term(atoms::undefined) : parent;
}

Term backtrace(D d) { return make_binary(d.to, backtrace_text(d.process)); }

// --- messages ---

Term messages(D d) {
  Process& p = d.process;
  if (p.flags.sensitive) return Term::nil();
  ListBuilder list(d.to);
  for (const Signal* signal = p.messages.first(); signal != nullptr; signal = signal->next) {
    if (signal->kind == SignalKind::kMarker) continue;
    // A message in the queue is not its heap's yet.
    const Term message =
        d.itself ? copy_term(d.to, signal->value, p.runtime->literals) : signal->value;
    list.add(message);
  }
  charge(d, p.messages.length() / kItemsPerReduction);
  return list.finish();
}

size_t message_words(const Process& p) {
  size_t words = 0;
  for (const Signal* signal = p.messages.first(); signal != nullptr; signal = signal->next) {
    words += signal->value_words();
  }
  return words;
}

// --- relations ---

Term links(D d) {
  ListBuilder list(d.to);
  if (d.process.relations == nullptr) return Term::nil();
  for (const auto& [other, link] : d.process.relations->links) {
    if (link.unlinking == 0) list.add(Term::from_bits(other));
  }
  if (const RemoteRelations* remote = d.process.relations->remote.get()) {
    for (const auto& [other, link] : remote->links) {
      if (link.unlinking == 0) list.add(other.term(d.to));
    }
  }
  return list.finish();
}

// A monitor of a process of another node.
Term remote_item(D d, uint64_t id) {
  const RemoteTarget& target = d.process.relations->remote->monitors.at(id);
  if (target.pid.node != nullptr) return target.pid.term(d.to);
  return property(d, target.name, target.node);
}

Term monitored_item(D d, uint64_t id, const Monitor& monitor) {
  if (monitor.kind == MonitorKind::kTimeOffset) {
    return property(d, atoms::time_offset, atoms::clock_service);
  }
  const bool is_port = monitor.kind == MonitorKind::kPort;
  Term item = monitor.target;
  if (!monitor.node.is_none()) {
    item = remote_item(d, id);
  } else if (!monitor.name.is_none()) {
    item = property(d, monitor.name, local_node()->name);
  }
  return property(d, is_port ? atoms::port : atoms::process, item);
}

// Those of processes that are not there are gone as soon as the message is there that says so.
Term monitors(D d) {
  ListBuilder list(d.to);
  if (d.process.relations == nullptr) return Term::nil();
  for (const auto& [id, monitor] : d.process.relations->monitors) {
    if (monitor.kind == MonitorKind::kNode) continue;
    const bool is_known = !monitor.target.is_none() || !monitor.name.is_none() ||
                          !monitor.node.is_none() || monitor.kind == MonitorKind::kTimeOffset;
    if (is_known) list.add(monitored_item(d, id, monitor));
  }
  return list.finish();
}

Term monitored_by(D d) {
  ListBuilder list(d.to);
  // A dirty native may be opening some.
  if (!d.aside && d.process.extras != nullptr) {
    d.process.extras->resources.each_watcher(d.to, [&](Term watcher) { list.add(watcher); });
  }
  if (d.process.relations == nullptr) return list.finish();
  for (const auto& [id, watcher] : d.process.relations->watchers) list.add(watcher.process);
  if (const RemoteRelations* remote = d.process.relations->remote.get()) {
    for (const auto& [reference, watcher] : remote->watchers) {
      list.add(watcher.process.term(d.to));
    }
  }
  return list.finish();
}

Term suspending(D d) {
  ListBuilder list(d.to);
  const Suspensions* known = suspensions_of(d.process);
  if (known == nullptr) return Term::nil();
  for (const auto& [pid, suspension] : known->suspending) {
    const Term count = make_unsigned(d.to, suspension.count);
    const Term none = Term::small(0);
    list.add(make_tuple(d.to, {Term::from_bits(pid), suspension.active ? count : none,
                               suspension.active ? none : count}));
  }
  return list.finish();
}

// --- tracing ---

Term sequential_token(D d) {
  const Term token = process_token(d.process);
  return d.itself ? token : copy_term(d.to, token, d.process.runtime->literals);
}

// --- dictionary ---

std::span<const Term> dictionary_pairs(const Process& p) {
  if (p.extras == nullptr || p.flags.sensitive) return {};
  return p.extras->dictionary.pairs();
}

Term dictionary(D d) {
  const std::span<const Term> pairs = dictionary_pairs(d.process);
  ListBuilder list(d.to);
  for (size_t i = 0; i < pairs.size(); i += 2) list.add(property(d, pairs[i], pairs[i + 1]));
  charge(d, pairs.size() / kItemsPerReduction);
  return list.finish();
}

Term dictionary_value(const Process& p, Term key) {
  if (p.extras == nullptr || p.flags.sensitive) return atoms::undefined;
  const Term value = p.extras->dictionary.get(key);
  return value.is_none() ? Term(atoms::undefined) : value;
}

// --- heap ---

size_t block_words(D d) {
  const Heap& heap = d.process.heap;
  return heap.young_words() + heap.old_words() + heap.abandoned.words() +
         (d.aside ? 0 : heap.fragment_words);
}

size_t total_heap_words(D d) {
  const Process& p = d.process;
  size_t words = block_words(d);
  if (p.flags.message_queue_data == atoms::on_heap) words += message_words(p);
  return words;
}

size_t memory_bytes(D d) {
  const Process& p = d.process;
  const size_t words = block_words(d) + message_words(p);
  return words * sizeof(Word) + p.messages.length() * sizeof(Signal) + sizeof(Process) +
         dictionary_pairs(p).size() * sizeof(Term);
}

Term max_heap_size(D d) {
  return max_heap_size_map(d.to, d.process.heap.options, d.process.runtime->otp_release);
}

Term garbage_collection(D d) {
  const HeapOptions& options = d.process.heap.options;
  const Term items[] = {
      property(d, atoms::max_heap_size, max_heap_size(d)),
      property(d, atoms::min_bin_vheap_size,
               words_term(d, options.min_off_heap_bytes / sizeof(Word))),
      property(d, atoms::min_heap_size, words_term(d, options.min_heap_words)),
      property(d, atoms::fullsweep_after, words_term(d, options.fullsweep_after)),
      property(d, atoms::minor_gcs, words_term(d, d.process.heap.minors_since_full)),
  };
  return make_list(d.to, items);
}

Term garbage_collection_info(D d) { return heap_sizes(d.to, d.process.heap); }

// {Address, Size, ReferenceCount} of each off-heap object of that kind.
Term off_heap_objects(D d, Boxed kind) {
  Term list = Term::nil();
  for (const OffHeap* head : {d.process.heap.off_heap, d.process.heap.old_off_heap}) {
    for (const OffHeap* object = head; object != nullptr; object = object->next) {
      if (header_kind(object->header) != kind) continue;
      const Binary* binary = object->binary;
      const int64_t count = __atomic_load_n(&binary->reference_count, __ATOMIC_RELAXED);
      const Term address = make_unsigned(d.to, reinterpret_cast<uintptr_t>(binary->bytes));
      const Term size = words_term(d, binary->capacity);
      const Term entry = make_tuple(d.to, {address, size, make_integer(d.to, count)});
      list = make_cons(d.to, entry, list);
      d.process.charge(1);
    }
  }
  return list;
}

// Whether any message may come as a priority message.
Term priority_messages(D d) {
  const Relations* relations = d.process.relations;
  if (relations == nullptr) return atoms::false_;
  const auto any = [](const auto& map, auto wants) {
    return std::any_of(map.begin(), map.end(), [&](const auto& e) { return wants(e.second); });
  };
  const auto is_priority = [](const auto& relation) { return relation.is_priority; };
  const RemoteRelations* remote = relations->remote.get();
  return boolean(any(relations->aliases, [](const Alias& a) { return a.takes_priority; }) ||
                 any(relations->monitors, is_priority) || any(relations->links, is_priority) ||
                 (remote != nullptr && any(remote->links, is_priority)));
}

struct Item {
  Term name;
  Term (*get)(D d);
  int since = 25;
};
constexpr Item kItems[] = {
    {atoms::registered_name, registered_name},
    {atoms::current_function, current_function},
    {atoms::initial_call, initial_call},
    {atoms::status, status},
    {atoms::messages, messages},
    {atoms::message_queue_len, [](D d) { return words_term(d, d.process.messages.length()); }},
    {atoms::links, links},
    {atoms::monitors, monitors},
    {atoms::monitored_by, monitored_by},
    {atoms::dictionary, dictionary},
    {atoms::trap_exit, [](D d) { return boolean(d.process.trap_exit); }},
    {atoms::error_handler, [](D d) { return d.process.flags.error_handler; }},
    {atoms::heap_size, [](D d) { return words_term(d, d.process.heap.young_words()); }},
    {atoms::stack_size, [](D d) { return words_term(d, d.process.heap.stack_words()); }},
    {atoms::memory, [](D d) { return words_term(d, memory_bytes(d)); }},
    {atoms::garbage_collection, garbage_collection},
    {atoms::group_leader, [](D d) { return d.process.group_leader; }},
    {atoms::reductions, reductions},
    {atoms::priority, [](D d) { return priority_atom(d.process.priority); }},
    {atoms::trace, [](D) { return Term::small(0); }},
    {atoms::binary, [](D d) { return off_heap_objects(d, Boxed::kBinRef); }},
    {atoms::sequential_trace_token, sequential_token},
    {atoms::catchlevel, [](D d) { return words_term(d, catch_level(d.process)); }},
    {atoms::backtrace, backtrace},
    {atoms::last_calls, [](D) { return Term(atoms::false_); }},
    {atoms::total_heap_size, [](D d) { return words_term(d, total_heap_words(d)); }},
    {atoms::suspending, suspending},
    {atoms::min_heap_size,
     [](D d) { return words_term(d, d.process.heap.options.min_heap_words); }},
    {atoms::min_bin_vheap_size,
     [](D d) { return words_term(d, d.process.heap.options.min_off_heap_bytes / sizeof(Word)); }},
    {atoms::max_heap_size, max_heap_size},
    {atoms::current_location, current_location},
    {atoms::current_stacktrace, current_stacktrace},
    {atoms::message_queue_data, [](D d) { return d.process.flags.message_queue_data; }},
    {atoms::garbage_collection_info, garbage_collection_info},
    {atoms::magic_ref, [](D d) { return off_heap_objects(d, Boxed::kMagicRef); }},
    {atoms::fullsweep_after,
     [](D d) { return words_term(d, d.process.heap.options.fullsweep_after); }},
    {atoms::parent, parent},
    {atoms::async_dist, [](D d) { return boolean(d.process.flags.async_dist); }, 26},
    {atoms::label, [](D d) { return dictionary_value(d.process, atoms::process_label); }, 27},
    {atoms::priority_messages, priority_messages, 28},
};
constexpr int kDictionaryKeySince = 26;

constexpr Term kDefaultItems[] = {
    atoms::registered_name,   atoms::current_function,
    atoms::initial_call,      atoms::status,
    atoms::message_queue_len, atoms::links,
    atoms::dictionary,        atoms::trap_exit,
    atoms::error_handler,     atoms::priority,
    atoms::group_leader,      atoms::total_heap_size,
    atoms::heap_size,         atoms::stack_size,
    atoms::reductions,        atoms::garbage_collection,
    atoms::suspending,
};

bool is_dictionary_key(Term item) {
  return is_tuple(item) && tuple_size(item) == 2 && tuple_elements(item)[0] == atoms::dictionary;
}

const Item* find_item(Term name) {
  for (const Item& item : kItems) {
    if (item.name == name) return &item;
  }
  return nullptr;
}

}  // namespace

bool is_process_item(const Process& p, Term term) {
  const int release = p.runtime->otp_release;
  if (is_dictionary_key(term)) return release >= kDictionaryKeySince;
  const Item* item = find_item(term);
  return item != nullptr && release >= item->since;
}

bool needs_heap(Term item) {
  return item == atoms::binary || item == atoms::magic_ref ||
         item == atoms::garbage_collection_info;
}

Term describe_process(D d, Term term) {
  if (is_dictionary_key(term)) {
    return property(d, term, dictionary_value(d.process, tuple_elements(term)[1]));
  }
  return property(d, term, find_item(term)->get(d));
}

Term process_item_names(const Process& p, Allocator& to) {
  ListBuilder names(to);
  for (const Item& item : kItems) {
    if (p.runtime->otp_release >= item.since) names.add(item.name);
  }
  return names.finish();
}

Term default_process_items(Allocator& to) { return make_list(to, kDefaultItems); }

}  // namespace joist
