// What the OS's signals do to an OTP system: SIGTERM and those that os:set_signal/2 asks for become
// messages to erl_signal_server; SIGINT is Ctrl-C, the break menu.
#pragma once

#include "vm/base/result.h"
#include "vm/proc/process.h"

namespace joist {

// Starts the thread that waits for signals, for as long as the OS process lives. `break_mode` is
// what +B says: 0, 'd', 'i' or 'c'.
Result<void> start_os_signals(Runtime& runtime, char break_mode);

}  // namespace joist
