// What the OS's signals do to an OTP system: SIGTERM and those that os:set_signal/2 asks for become
// messages to erl_signal_server; SIGINT is Ctrl-C, the break menu.
#pragma once

#include "vm/base/result.h"
#include "vm/proc/process.h"

namespace joist {

// From here on signals are kept for the thread below. `break_mode` is what +B says: 0, 'd', 'i' or
// 'c'.
Result<void> catch_os_signals(char break_mode);

// Starts the thread that handles them. It uses the VM until the OS process ends: nothing may fail
// any more after this, as the VM could not be taken apart.
Result<void> start_os_signals(Runtime& runtime);

}  // namespace joist
