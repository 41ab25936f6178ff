#include "vm/sched/stand_in.h"

#include "vm/os/memory_count.h"
#include "vm/proc/process_table.h"
#include "vm/sched/schedulers.h"

namespace joist {

namespace {

// The reason goes into fragments.
constexpr size_t kHeapWords = 16;

}  // namespace

// A tracer would be told of it with terms from the heap, which is the native's, as a collector's.
bool may_end_aside(const Process& p) {
  const uint32_t state = p.state.load(std::memory_order_acquire);
  return (state & (process_state::kCollecting | process_state::kEndedAside)) == 0 &&
         p.trace_flags == 0 && !p.is_host && !p.is_system;
}

Process* make_stand_in(Process& process) {
  auto* stand_in = new Process;
  count_memory(MemoryUse::kProcesses, sizeof(Process));
  if (!stand_in->heap.create(HeapOptions(), process.runtime->literals, kHeapWords)) {
    count_memory(MemoryUse::kProcesses, -static_cast<int64_t>(sizeof(Process)));
    delete stand_in;
    return nullptr;
  }
  stand_in->runtime = process.runtime;
  stand_in->pid = process.pid;
  stand_in->priority = process.priority;
  stand_in->scheduler = process.scheduler;
  stand_in->exit_stage = 1;  // it has never begun to run
  stand_in->is_exit_told = true;
  stand_in->state.store(process_state::kScheduled | process_state::kStandIn,
                        std::memory_order_relaxed);
  return stand_in;
}

void start_stand_in(Process& process, Process& stand_in) {
  using namespace process_state;
  const Term name = process.registered_name.close();
  if (!name.is_none()) stand_in.registered_name.claim(name);
  std::atomic_ref(process.is_exiting).store(true, std::memory_order_relaxed);
  process.state.fetch_or(kDoomed | kEndedAside | kEndIsTold, std::memory_order_seq_cst);
  process.runtime->schedulers->enqueue(stand_in, Schedulers::kNone);
}

// The process is in the table: it does not end before this.
void hand_back(Process& stand_in) {
  Process* process = stand_in.runtime->processes->find(stand_in.pid);
  process->state.fetch_and(~process_state::kEndIsTold, std::memory_order_seq_cst);
  stand_in.runtime->schedulers->notify(*process, process_state::kNotified,
                                       stand_in.registers->scheduler);
}

}  // namespace joist
