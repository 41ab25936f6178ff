// Where a process is: the parts of process_info/2 that read its stack.
#pragma once

#include <string>

#include "bif/process_info_items.h"

namespace joist {

// {M, F, A}, or undefined.
Term current_function(const Described& described);
// {M, F, A, Location}, or undefined.
Term current_location(const Described& described);
// A list of those.
Term current_stacktrace(const Described& described);
// How many catches it is within.
size_t catch_level(const Process& p);
// "M:F/A + Offset", what a code address is called there.
void append_place(std::string& text, const CodeTable& code, const Cell* address);
// The text of a whole stack, as ERTS prints it.
std::string backtrace_text(const Process& p);

}  // namespace joist
