#include "vm/base/result.h"

#include <cstdarg>
#include <cstdio>

namespace joist {

Error make_error(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return Error{text};
}

}  // namespace joist
