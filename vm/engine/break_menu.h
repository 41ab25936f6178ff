// What Ctrl-C shows: the menu of OTP's emulator (erts/emulator/beam/break.c).
#pragma once

#include "vm/proc/process.h"

namespace joist {

// Everything stands still while it waits for an answer. Returns when the system is to go on.
void show_break_menu(Runtime& runtime);

}  // namespace joist
