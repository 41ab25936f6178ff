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

// What a task does whose rest takes long, or has to wait for the collection that is due: that is a
// task of its own, for a dirty thread. It is done after such a collection and before the process
// runs on. A scheduler may have the message queue and the relations meanwhile (vm/engine/dirty.h),
// so the rest is to touch neither.
void leave_to_dirty(Process& process, SystemTask rest, const Signal& task);
bool has_left_tasks(const Process& process);
// The collection that is due and what has been left. If the process must end, due_collection says
// so.
void run_left_tasks_gc(Process& process);
// Those of a process that ends are tasks again like any other.
void take_left_tasks_back(Process& process);

}  // namespace joist
