// How the schedulers are: who sleeps, what waits, what runs.
#include <cinttypes>

#include "bif/process_place.h"
#include "vm/engine/dump/sections.h"
#include "vm/proc/stack_trace.h"
#include "vm/sched/schedulers.h"

namespace joist {

namespace {

void dump_run_queue(const Dump& dump, const RunQueue* queue) {
  static constexpr const char* kNames[] = {"Max", "High", "Normal", "Low"};
  for (size_t i = 0; i < kPriorities; ++i) {
    const size_t length = queue == nullptr ? 0 : queue->length(static_cast<Priority>(i));
    dump.out.print("Run Queue %s Length: %zu\n", kNames[i], length);
  }
  dump.out.text("Run Queue Port Length: 0\nRun Queue Flags: ");
  const bool is_empty = queue == nullptr || queue->length() == 0;
  dump.out.text(is_empty ? "OUT_OF_WORK\n" : "NONEMPTY\n");
}

void dump_limited_stack(const Dump& dump, const Process& p) {
  constexpr ptrdiff_t kShown = 256;
  const Word* end = p.heap.end - p.heap.limit > kShown ? p.heap.limit + kShown : p.heap.end;
  for (const Word* slot = p.heap.limit; slot < end; ++slot) {
    if (!is_return_word(*slot)) continue;
    const auto* address = reinterpret_cast<const Cell*>(*slot - 7);
    dump.out.print("0x%016" PRIxPTR ":SReturn addr 0x%" PRIX64 " (",
                   reinterpret_cast<uintptr_t>(slot), *slot - 7);
    std::string place;
    append_place(place, *dump.runtime.code, address);
    dump.out.text(place);
    dump.out.text(")\n");
  }
}

void dump_current_process(const Dump& dump, const Process* p) {
  dump.out.text("Current Process: ");
  if (p == nullptr) return dump.out.byte('\n');
  dump.out.term(p->pid);
  dump.out.text("\nCurrent Process State: ");
  dump_state(dump, *p);
  dump.out.text("Current Process Internal State: ");
  dump_internal_state(dump, *p);
  std::string place;
  append_place(place, *dump.runtime.code, p->code_pointer);
  dump.out.print("Current Process Program counter: 0x%016" PRIxPTR " (",
                 reinterpret_cast<uintptr_t>(p->code_pointer));
  dump.out.text(place);
  dump.out.text(")\nCurrent Process Limited Stack Trace:\n");
  if (!is_out_of_hand(dump, *p)) dump_limited_stack(dump, *p);
}

void dump_scheduler(const Dump& dump, size_t index) {
  Schedulers& schedulers = *dump.runtime.schedulers;
  const Schedulers::Slot& slot = schedulers.slot(index);
  dump.out.print("=scheduler:%zu\n", index + 1);
  dump.out.print("Scheduler Sleep Info Flags: %s\n",
                 slot.asleep.load() ? "SLEEPING | WAITING" : "");
  dump.out.text("Scheduler Sleep Info Aux Work: \nCurrent Port: \n");
  dump_run_queue(dump, &slot.queue);
  const bool is_mine = schedulers.this_scheduler() == index;
  const Process* stuck = slot.running.load() ? slot.registers->process : nullptr;
  dump_current_process(dump, is_mine ? dump.running : stuck);
}

void dump_dirty(const Dump& dump, ThreadKind kind, const char* name, size_t* number) {
  const DirtyQueue& queue = dump.runtime.schedulers->dirty(kind);
  const size_t working = queue.working();
  for (size_t i = 0; i < queue.threads(); ++i) {
    dump.out.print("=dirty_%s_scheduler:%zu\n", name, ++*number);
    dump.out.print("Scheduler Sleep Info Flags: %s\n", i < working ? "" : "SLEEPING | WAITING");
    dump.out.text("Scheduler Sleep Info Aux Work: \nCurrent Process: \n");
  }
  dump.out.print("=dirty_%s_run_queue\n", name);
  dump_run_queue(dump, &queue.queue());
}

}  // namespace

void dump_schedulers(const Dump& dump) {
  size_t number = dump.runtime.schedulers->count();
  for (size_t i = 0; i < number; ++i) dump_scheduler(dump, i);
  dump_dirty(dump, ThreadKind::kDirtyCpu, "cpu", &number);
  dump_dirty(dump, ThreadKind::kDirtyIo, "io", &number);
}

}  // namespace joist
