// The end of the OS process, from any thread and without asking others: no destructors run.
#pragma once

#include <string>

namespace joist {

// With `flush`, what the standard streams still hold is written before.
[[noreturn]] void exit_now(int status, bool flush);
// By a signal that leaves a core dump.
[[noreturn]] void abort_now();

// --- what comes before it ---
// The OS ends this process then, whatever it does.
void end_process_after(unsigned seconds);
// From now on this OS process ends with `status` where the calling thread is stuck: it waits for
// some seconds, or for half a minute has not called note_progress(). Takes no memory.
void end_process_when_stuck(int status);
void note_progress();
// And where it damages itself: what it reads may be half made.
void end_process_when_damaged(int status);
void lower_process_priority(int by);
// A new or emptied file for its user and the group to read; -1: it cannot be had.
int create_dump_file(const char* path);
bool is_terminal(int descriptor);
// What the calling thread was started as.
std::string current_thread_name();

}  // namespace joist
