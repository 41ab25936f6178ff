// Natives that ask another process something and wait for what it says (vm/sched/request.h).
#pragma once

#include "vm/sched/request.h"

namespace joist {

// Sends {Ref, Arguments...} and traps to the wait for {Ref, Result}, whose Result the native's
// caller gets; a value other than none(): there is no such process.
Term ask_process(Process& p, Term pid, Signal::Request handler,
                 std::initializer_list<Term> arguments, Term no_process, uint32_t detail = 0,
                 SignalKind kind = SignalKind::kRequest);

}  // namespace joist
