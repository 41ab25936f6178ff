#include "vm/base/check.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace joist {

void fatal(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::fputs("joist: fatal: ", stderr);
  std::vfprintf(stderr, format, arguments);
  std::fputc('\n', stderr);
  va_end(arguments);
  std::abort();
}

void check_failed(const char* condition, const char* file, int line) {
  fatal("%s:%d: check failed: %s", file, line, condition);
}

}  // namespace joist
