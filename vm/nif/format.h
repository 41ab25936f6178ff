// printf for libraries: %T is a term.
#pragma once

#include <cstdarg>
#include <string>

namespace joist {

std::string formatted(const char* format, va_list arguments);

}  // namespace joist
