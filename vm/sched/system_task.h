// Work that others want done by a process between two of its instructions: collecting its garbage,
// looking for code it uses, stopping. A task waits in the process until its next turn begins,
// when its registers are known; until it is done the process runs nothing else.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// Does the task and answers. Registers are loaded; it may collect, so it is named _gc. False: the
// process must end. Called as well for a process that ends (is_exiting), only to answer.
using SystemTask = bool (*)(Process& process, const Signal& task);

// What a request handler does with a task that has arrived. Of a process that ends it is answered
// at once. Tasks are done by priority, though one of low priority comes after eight of normal.
void add_system_task(Process& process, SystemTask task, Priority priority, Term sender, Term value,
                     bool is_collection = false);

// Whether collections that others ask for wait until they are not put off any more. Those that have
// waited are tasks then like any other.
void put_off_collections(Process& process, bool put_off);

// All tasks that wait. False: the process must end, exit_reason says why.
bool run_system_tasks_gc(Process& process);

}  // namespace joist
