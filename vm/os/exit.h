// The end of the OS process, from any thread and without asking others: no destructors run.
#pragma once

namespace joist {

// With `flush`, what the standard streams still hold is written before.
[[noreturn]] void exit_now(int status, bool flush);
// By a signal that leaves a core dump.
[[noreturn]] void abort_now();

}  // namespace joist
