// Items of erlang:system_info/1 that lay open how the emulator is made.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// snifs: [{M, F, A}, ...] of all natives that the modules of the release export.
Term native_functions(Process& p);
// [Words, ...]: the steps in which heaps grow.
Term heap_size_steps(Process& p);
// loaded: as text, one module a line with the bytes its code takes.
Term loaded_code_text(Process& p);
// dist, info and procs: as binaries, what a crash dump has of nodes, of the system and of
// processes.
Term nodes_text(Process& p);
Term system_text(Process& p);
Term processes_text(Process& p);
// [[{Name, Value}, ...]]: how input and output are waited for.
Term check_io(Process& p);
// [{Kind, 0, 0}, ...]: scheduling is not counted by kind.
Term scheduling_counts(Process& p);

}  // namespace joist
