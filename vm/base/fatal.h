// Who has a look before fatal() (vm/base/check.h) aborts the OS process: one handler, as there is
// one OS process.
#pragma once

#include <string_view>

namespace joist {

// Called once, by the thread that fails first; null: nothing is. If it fails itself, the OS process
// ends with status 1. It must come to its end though others that have failed keep what they hold.
using FatalHandler = void (*)(void* context, const char* reason);
void set_fatal_handler(FatalHandler handler, void* context);

// Whether that is for what the system did not give, memory or a thread, rather than for what must
// never happen.
bool lacks_resources(std::string_view reason);

}  // namespace joist
