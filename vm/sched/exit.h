// The end of a process, in steps, since a process may have a million links.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// The reason that others see: {Reason, Trace} of an error, Reason of an exit. Makes it once the
// process has stopped running.
Term final_exit_reason(Process& process);

// Carries on with ending the process, whose exit_reason is final, as far as its reductions allow.
// True: it is over, nobody can find the process any more; its record is the caller's.
bool continue_exit(Process& process);

// Whether what comes next, telling others a large reason, is left to a dirty thread, which calls
// tell_end(); continue_exit() stops there unless all other schedulers are blocked.
bool is_long_to_tell(const Process& process);
void tell_end(Process& process);

}  // namespace joist
