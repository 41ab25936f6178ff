// The parts of a crash dump, which the break menu shows, too. What each line is called and where it
// stands follows OTP, whose crashdump_viewer reads them (erts/emulator/beam/break.c).
//
// Everybody stands still meanwhile (Schedulers::freeze), but for dirty threads that are busy and
// the thread that polls ports.
#pragma once

#include <string_view>
#include <vector>

#include "vm/engine/dump/output.h"
#include "vm/proc/process.h"

namespace joist {

class HeapDump;

struct Dump {
  Runtime& runtime;
  DumpOutput& out;
  // The process that was running on the thread that asks, if it is known; others do not run, or
  // are somewhere within a slice that does not end.
  const Process* running = nullptr;
  // For the viewer; otherwise for somebody who reads it at once.
  bool is_file = true;
};

std::vector<Process*> all_processes(const Runtime& runtime);
// Takes what has come for the process and was not looked at yet into its message queue, for good:
// the process does not run again.
void fetch_messages(const Dump& dump, Process& process);
// The same for one that is to run again: it looks at them then.
void gather_messages(const Dump& dump, Process& process);
// Whether another thread may be changing its heap and its stack.
bool is_out_of_hand(const Dump& dump, const Process& process);

// --- processes.cpp ---
void dump_process(const Dump& dump, Process& process);
void dump_state(const Dump& dump, const Process& process);           // "Waiting"
void dump_internal_state(const Dump& dump, const Process& process);  // "ACT_PRIO_NORMAL | ..."
// Messages, dictionary, stack and what they lead to.
void dump_process_heap(const Dump& dump, HeapDump& heap, Process& process);
size_t process_bytes_of(const Process& process);

// --- schedulers.cpp ---
void dump_schedulers(const Dump& dump);

// --- tables.cpp ---
void dump_ports(const Dump& dump);
void dump_tables(const Dump& dump);
void dump_timers(const Dump& dump);

// --- nodes.cpp ---
void dump_nodes(const Dump& dump);

// --- system.cpp ---
void dump_memory(const Dump& dump);
void dump_system(const Dump& dump);  // memory, and how full the VM's tables are
void dump_modules(const Dump& dump);
void dump_funs(const Dump& dump);
void dump_persistent_terms(const Dump& dump, HeapDump& heap);
void dump_atoms(const Dump& dump);

}  // namespace joist
