// What few processes need, kept apart so that a process costs little: made when first needed.
#pragma once

#include <map>

#include "vm/proc/owned_resource.h"
#include "vm/proc/process.h"
#include "vm/proc/process_dictionary.h"
#include "vm/proc/process_trace.h"
#include "vm/proc/receive_markers.h"

namespace joist {

struct Process::Extras {
  ProcessDictionary dictionary;
  ReceiveMarkers receive_markers;
  OwnedResources resources;
  // The only scheduler to run it while that is online (process_flag(scheduler, N)); kUnbound: any.
  uint32_t bound_to = kUnbound;
  static constexpr uint32_t kUnbound = UINT32_MAX;
  // Whether collections that others ask for wait, and those that do (vm/sched/system_task.h): a
  // test wants it so.
  bool puts_off_collections = false;
  Signal* put_off_tasks = nullptr;
  Signal* left_tasks = nullptr;  // left to a dirty thread
  std::unique_ptr<ProcessTrace> trace;
  ProcessTrace& make_trace() {
    if (trace == nullptr) trace = std::make_unique<ProcessTrace>();
    return *trace;
  }
  // Words to be free after the collection that is due (leave_for_collection).
  size_t due_words = 0;
  // Of which system_monitor the process has been told that this one's message queue is long, by its
  // number; 0: of none.
  uint32_t long_queue_monitor = 0;
  // How often it has asked to be told of nodes that come and go, by what it wants to know.
  std::map<uint32_t, uint32_t> node_monitors;
};

// For an instruction that has done nothing yet, and finds no room for `need` words: if the
// collection would take long and cannot be put off to the end of the slice, as the stack is too
// large to be moved before, the slice ends here. The instruction begins again after the collection,
// with x[0, live). True: leave. What comes before any other that collects on a scheduler.
bool leave_for_collection(Process& process, size_t need, uint32_t live);

// Whether a collection now would keep a scheduler long.
bool is_long_collection(const Process& process, Collection kind);

inline uint32_t bound_scheduler(const Process& p) {
  return p.extras == nullptr ? Process::Extras::kUnbound : p.extras->bound_to;
}

}  // namespace joist
