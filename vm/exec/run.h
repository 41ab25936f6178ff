// Into the interpreter and out of it.
#pragma once

#include "vm/proc/process.h"

namespace joist {

struct HandlerTable;  // vm/code/instr.h

// The handlers of all ops, for the loader and the export stubs.
const HandlerTable& handler_table();

// Where calls that are traced return to (vm/trace/stack_frames.h).
const Cell* return_trace_code();

// Runs the process, whose code_pointer and X registers are set, until its slice is over or it
// exits: see Process::run_outcome. The registers are those of the calling scheduler.
void run_process(Process& p);

// Makes `p` ready to call `entry` with the arguments in its X registers: its stack, which has room
// for a word, holds nothing but the way out.
void start_process(Process& p, const ExportEntry* entry);

}  // namespace joist
