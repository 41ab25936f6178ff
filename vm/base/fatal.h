// Who has a look before fatal() (vm/base/check.h) aborts the OS process: one handler, as there is
// one OS process.
#pragma once

namespace joist {

// Called once, by the thread that fails first; null: nothing is. If it fails itself, the OS process
// ends with status 1.
using FatalHandler = void (*)(void* context, const char* reason);
void set_fatal_handler(FatalHandler handler, void* context);

}  // namespace joist
