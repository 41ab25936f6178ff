// erlang:suspend_process/2: a process that others have suspended does not run. The suspender counts
// how often it has done so (Relations::suspending); the suspended process knows its suspenders, so
// that both learn of each other's end.
#pragma once

#include "vm/proc/process.h"
#include "vm/proc/relations.h"

namespace joist {

// null: it has suspended nobody, and nobody it.
Suspensions* suspensions_of(const Process& p);
// Suspends `pid`, which `p` has not suspended yet; null: there is no such process.
Suspension* suspend(Process& p, Term pid);
// Asks `pid` for a message {tag, State} once what `p` has asked of it before is done. State is
// `result` when it is suspended then, and otherwise tells what it is.
void ask_suspended(Process& p, Term pid, Term tag, Term result, bool synchronous);
// Takes back one suspend(). False: `p` has not suspended it.
bool resume(Process& p, Term pid);

// A part of a process' end: what it has suspended runs again, its suspenders forget it.
bool end_suspensions(Process& p);

}  // namespace joist
