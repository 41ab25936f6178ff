#include <algorithm>
#include <cinttypes>

#include "bif/process_place.h"
#include "vm/code/code_table.h"
#include "vm/engine/dump/heap.h"
#include "vm/engine/dump/sections.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_extras.h"
#include "vm/proc/process_table.h"
#include "vm/proc/relations.h"
#include "vm/proc/stack_trace.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/signal_handler.h"
#include "vm/term/node.h"

namespace joist {

namespace {

const char* state_name(const Dump& dump, const Process& p) {
  if (p.is_exiting) return "Exiting";
  const uint32_t state = p.state.load();
  if (&p == dump.running || (state & process_state::kDirty) != 0) return "Running";
  if (p.suspend_count != 0) return "Suspended";
  return (state & process_state::kScheduled) != 0 ? "Scheduled" : "Waiting";
}

const char* priority_name(const Process& p) {
  static constexpr const char* kNames[] = {"MAX", "HIGH", "NORMAL", "LOW"};
  return kNames[static_cast<size_t>(p.priority)];
}

void dump_place(const Dump& dump, const Cell* address) {
  std::string text;
  append_place(text, *dump.runtime.code, address);
  dump.out.text(text);
}

void dump_mfa(const Dump& dump, const Mfa& mfa) {
  dump.out.term(mfa.module);
  dump.out.byte(':');
  dump.out.term(mfa.function);
  dump.out.print("/%u\n", mfa.arity);
}

class LinkList {
 public:
  explicit LinkList(const Dump& dump) : dump_(dump) {}
  ~LinkList() {
    if (!is_empty_) dump_.out.text("]\n");
  }
  void add_link(Term other) { next().out.term(other); }
  void add_monitor(std::string_view direction, Term other, Term name, uint64_t id) {
    next().out.byte('{');
    dump_.out.text(direction);
    dump_.out.byte(',');
    if (!name.is_none()) {
      dump_.out.byte('{');
      dump_.out.term(name);
      dump_.out.byte(',');
      dump_.out.term(local_node()->name);
      dump_.out.byte('}');
    } else {
      dump_.out.term(other);
    }
    dump_.out.byte(',');
    Allocator scratch;
    dump_.out.term(make_ref(scratch, reference_numbers(id)));
    dump_.out.byte('}');
  }

 private:
  const Dump& next() {
    dump_.out.text(is_empty_ ? "Link list: [" : ", ");
    is_empty_ = false;
    return dump_;
  }
  const Dump& dump_;
  bool is_empty_ = true;
};

void dump_relations(const Dump& dump, const Process& p) {
  if (p.is_exiting || p.relations == nullptr) return;
  LinkList list(dump);
  for (const auto& [other, link] : p.relations->links) {
    if (link.unlinking == 0) list.add_link(Term::from_bits(other));
  }
  for (const auto& [id, monitor] : p.relations->monitors) {
    const bool is_known = !monitor.target.is_none() || !monitor.name.is_none();
    if (is_known) list.add_monitor("to", monitor.target, monitor.name, id);
  }
  for (const auto& [id, watcher] : p.relations->watchers) {
    list.add_monitor("from", watcher.process, Term::none(), id);
  }
  if (p.relations->remote == nullptr) return;
  Allocator scratch;
  for (const auto& [other, link] : p.relations->remote->links) {
    if (link.unlinking == 0) list.add_link(other.term(scratch));
  }
}

size_t words_of(const Word* from, const Word* to) { return static_cast<size_t>(to - from); }

void dump_sizes(const Dump& dump, const Process& p) {
  const Heap& heap = p.heap;
  DumpOutput& out = dump.out;
  const size_t used_reductions =
      &p == dump.running ? static_cast<size_t>(kReductionsPerSlice - p.reductions) : 0;
  out.print("Reductions: %" PRIu64 "\n", p.reductions_done + used_reductions);
  out.print("Stack+heap: %zu\n", heap.young_words());
  out.print("OldHeap: %zu\n", heap.old_words());
  out.print("Heap unused: %zu\n", words_of(heap.top, heap.limit));
  out.print("OldHeap unused: %zu\n", words_of(heap.old_top, heap.old_end));
  const auto unused = [](size_t limit, size_t used) {
    return (limit > used ? limit - used : 0) / sizeof(Word);
  };
  out.print("BinVHeap: %zu\n", heap.off_heap_bytes / sizeof(Word));
  out.print("OldBinVHeap: %zu\n", heap.old_off_heap_bytes / sizeof(Word));
  out.print("BinVHeap unused: %zu\n", unused(heap.off_heap_limit, heap.off_heap_bytes));
  out.print("OldBinVHeap unused: %zu\n", unused(heap.old_off_heap_limit, heap.old_off_heap_bytes));
  out.print("Memory: %zu\n", process_bytes_of(p));
}

void dump_program_counter(const Dump& dump, const Process& p) {
  dump.out.print("Program counter: 0x%016" PRIxPTR " (",
                 reinterpret_cast<uintptr_t>(p.code_pointer));
  dump_place(dump, p.code_pointer);
  dump.out.text(")\n");
  if (&p != dump.running) dump.out.print("arity = %u\n", p.live);
}

bool is_message(const Signal& signal) {
  return signal.kind == SignalKind::kMessage || signal.kind == SignalKind::kAliasMessage;
}

// In the queue and, as OTP counts, on their way into it.
std::vector<const Signal*> messages_of(const Process& p) {
  std::vector<const Signal*> messages;
  for (const Signal* chain : {p.messages.first(), p.late_signals}) {
    for (const Signal* signal = chain; signal != nullptr; signal = signal->next) {
      if (is_message(*signal)) messages.push_back(signal);
    }
  }
  return messages;
}

// For a reader: terms as they are, whose memory the viewer would otherwise put together.
void dump_readable(const Dump& dump, const Process& p, std::span<const Signal* const> messages) {
  if (p.flags.sensitive || is_out_of_hand(dump, p) || messages.empty()) return;
  dump.out.text("Message queue: [");
  for (const Signal* signal : messages) {
    if (signal != messages.front()) dump.out.byte(',');
    dump.out.term(signal->value);
  }
  dump.out.text("]\n");
}

void dump_readable_dictionary(const Dump& dump, const Process& p) {
  if (p.flags.sensitive || p.extras == nullptr || is_out_of_hand(dump, p)) return;
  const std::span<const Term> pairs = p.extras->dictionary.pairs();
  if (pairs.empty()) return;
  dump.out.text("Dictionary: [");
  for (size_t i = 0; i < pairs.size(); i += 2) {
    dump.out.text(i == 0 ? "{" : ",{");
    dump.out.term(pairs[i]);
    dump.out.byte(',');
    dump.out.term(pairs[i + 1]);
    dump.out.byte('}');
  }
  dump.out.text("]\n");
}

// --- stack and heap ---

void dump_stack(const Dump& dump, HeapDump& heap, const Process& p) {
  size_t y = 0;
  for (const Word* slot = p.heap.limit; slot < p.heap.end; ++slot) {
    const Term term = Term::from_bits(*slot);
    const bool returns = is_return_word(*slot);
    if (returns) {
      dump.out.print("0x%016" PRIxPTR ":", reinterpret_cast<uintptr_t>(slot));
      y = 0;
    } else {
      dump.out.print("y%zu:", y++);
    }
    if (!returns && !term.is_catch()) {
      heap.element(term);
    } else {
      const Word address = returns ? *slot - 7 : term.payload();
      dump.out.print(returns ? "SReturn addr 0x%" PRIX64 " (" : "SCatch 0x%" PRIX64 " (", address);
      dump_place(dump, reinterpret_cast<const Cell*>(address));
      dump.out.byte(')');
    }
    dump.out.byte('\n');
  }
}

void add_fragments(SeenWords& seen, const Fragment* first) {
  for (const Fragment* fragment = first; fragment != nullptr; fragment = fragment->next) {
    seen.add(fragment->words, fragment->words + fragment->used);
  }
}

}  // namespace

std::vector<Process*> all_processes(const Runtime& runtime) {
  std::vector<Process*> processes;
  size_t slot = 0;
  while (Process* process = runtime.processes->next(&slot)) {
    if (!process->is_host) processes.push_back(process);
  }
  return processes;
}

// What the VM's end does not leave time for is not handled.
void fetch_messages(const Dump& dump, Process& p) {
  if (is_out_of_hand(dump, p)) return;
  Signal* next = p.late_signals;
  p.late_signals = nullptr;
  for (Signal* signal = next; signal != nullptr; signal = next) {
    next = signal->next;
    if (is_message(*signal)) p.messages.append(signal);
  }
  for (Signal* signal = p.signals.take_all(); signal != nullptr; signal = next) {
    next = signal->next;
    if (is_message(*signal)) p.messages.append(signal);
  }
}

// Signals wait in their order, and nobody else takes any while all stand still.
void gather_messages(const Dump& dump, Process& p) {
  if (&p == dump.running || p.is_exiting || is_out_of_hand(dump, p)) return;
  append_late_signals(p, p.signals.take_all());
}

bool is_out_of_hand(const Dump& dump, const Process& p) {
  if (&p == dump.running) return false;
  if ((p.state.load() & process_state::kDirty) != 0) return true;
  // In the hands of a scheduler that does not come to the end of its slice.
  Schedulers& schedulers = *dump.runtime.schedulers;
  for (size_t i = 0; i < schedulers.count(); ++i) {
    const Schedulers::Slot& slot = schedulers.slot(i);
    if (slot.running.load() && slot.registers->process == &p) return true;
  }
  return false;
}

size_t process_bytes_of(const Process& p) {
  size_t words = p.heap.young_words() + p.heap.old_words() + p.heap.fragment_words;
  size_t bytes = sizeof(Process);
  for (const Signal* signal : messages_of(p)) {
    words += signal->value_words();
    bytes += sizeof(Signal);
  }
  if (p.extras != nullptr) words += p.extras->dictionary.pairs().size();
  return bytes + words * sizeof(Word);
}

void dump_state(const Dump& dump, const Process& p) {
  dump.out.text(state_name(dump, p));
  dump.out.byte('\n');
}

void dump_internal_state(const Dump& dump, const Process& p) {
  const char* priority = priority_name(p);
  dump.out.print("ACT_PRIO_%s | USR_PRIO_%s | PRQ_PRIO_%s", priority, priority, priority);
  const uint32_t state = p.state.load();
  const auto flag = [&](bool is_set, const char* name) {
    if (is_set) dump.out.print(" | %s", name);
  };
  const bool scheduled = (state & process_state::kScheduled) != 0;
  const bool dirty = (state & process_state::kDirty) != 0;
  flag(p.is_exiting, "EXITING");
  flag(scheduled, "ACTIVE");
  flag(scheduled && &p != dump.running && !dirty, "IN_RUNQ");
  flag(&p == dump.running, "RUNNING");
  flag(p.suspend_count != 0, "SUSPENDED");
  flag(p.system_tasks != nullptr, "SYS_TASKS");
  flag(!p.signals.empty(), "SIG_IN_Q");
  flag(p.flags.message_queue_data == atoms::off_heap, "OFF_HEAP_MSGQ");
  flag(dirty, "DIRTY_RUNNING");
  dump.out.byte('\n');
}

void dump_process(const Dump& dump, Process& p) {
  DumpOutput& out = dump.out;
  out.text("=proc:");
  out.term(p.pid);
  out.text("\nState: ");
  dump_state(dump, p);
  if (const Term name = p.registered_name.get(); !name.is_none()) {
    out.text("Name: ");
    out.term(name);
    out.byte('\n');
  }
  out.text("Spawned as: ");
  dump_mfa(dump,
           p.initial_call.module.is_none() ? Mfa{atoms::erlang, atoms::apply_, 2} : p.initial_call);
  Allocator scratch;
  if (&p == dump.running) {
    const Term current = current_function({p, scratch, false, false});
    if (is_tuple(current)) {
      const std::span<const Term> mfa = tuple_elements(current);
      out.text("Last scheduled in for: ");
      dump_mfa(dump, {mfa[0], mfa[1], static_cast<uint32_t>(mfa[2].small_value())});
    }
  }
  out.text("Spawned by: ");
  out.term(p.parent.is_none() ? Term::nil() : p.parent);
  if (!dump.is_file) gather_messages(dump, p);
  const std::vector<const Signal*> messages = messages_of(p);
  out.print("\nMessage queue length: %zu\n", messages.size());
  if (!dump.is_file) dump_readable(dump, p, messages);
  size_t fragments = 0;
  for (const Fragment* each = p.heap.fragments; each != nullptr; each = each->next) ++fragments;
  out.print("Number of heap fragments: %zu\nHeap fragment data: %zu\n", fragments,
            p.heap.fragment_words);
  dump_relations(dump, p);
  if (!dump.is_file) dump_readable_dictionary(dump, p);
  dump_sizes(dump, p);
  if (dump.is_file) {
    dump_program_counter(dump, p);
  } else {
    out.text("Stack dump:\n");
    if (!is_out_of_hand(dump, p)) out.text(backtrace_text(p));
  }
  out.text("Internal State: ");
  dump_internal_state(dump, p);
}

void dump_process_heap(const Dump& dump, HeapDump& heap, Process& p) {
  if (p.is_exiting || p.flags.sensitive || is_out_of_hand(dump, p)) return;
  const std::vector<const Signal*> messages = messages_of(p);
  SeenWords seen;
  seen.add(p.heap.start, p.heap.top);
  seen.add(p.heap.old_start, p.heap.old_top);
  add_fragments(seen, p.heap.fragments);
  for (const Signal* signal : messages) {
    seen.add(signal->words, signal->words + signal->value_words());
  }
  const auto heading = [&](const char* name) {
    dump.out.print("=%s:", name);
    dump.out.term(p.pid);
    dump.out.byte('\n');
  };
  if (!messages.empty()) heading("proc_messages");
  for (const Signal* signal : messages) {
    heap.element(signal->value);
    dump.out.text(":N\n");  // no sequential trace token
  }
  // Of the pairs of the dictionary, which are no tuples here.
  Allocator scratch;
  std::vector<Term> pairs;
  if (p.extras != nullptr) {
    const std::span<const Term> entries = p.extras->dictionary.pairs();
    for (size_t i = 0; i < entries.size(); i += 2) {
      pairs.push_back(make_tuple(scratch, {entries[i], entries[i + 1]}));
    }
  }
  add_fragments(seen, scratch.fragments);
  if (!pairs.empty()) heading("proc_dictionary");
  for (const Term pair : pairs) {
    heap.element(pair);
    dump.out.byte('\n');
  }
  heading("proc_stack");
  dump_stack(dump, heap, p);
  heading("proc_heap");
  if (!heap.begin_section(std::move(seen))) return;
  for (const Word* slot = p.heap.limit; slot < p.heap.end; ++slot) {
    const Term term = Term::from_bits(*slot);
    if (!is_return_word(*slot) && !term.is_catch()) heap.objects(term);
  }
  for (const Signal* signal : messages) heap.objects(signal->value);
  for (const Term pair : pairs) heap.objects(pair);
}

}  // namespace joist
