#include "vm/base/check.h"

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "vm/base/fatal.h"

namespace joist {

namespace {

constinit std::atomic<FatalHandler> fatal_handler{nullptr};
constinit std::atomic<void*> fatal_context{nullptr};
constexpr size_t kLongestReason = 1024;

}  // namespace

void set_fatal_handler(FatalHandler handler, void* context) {
  fatal_context.store(context);
  fatal_handler.store(handler);
}

void fatal(const char* format, ...) {
  char reason[kLongestReason];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  std::fprintf(stderr, "joist: fatal: %s\n", reason);
  // What the handler does may fail, too.
  if (const FatalHandler handler = fatal_handler.exchange(nullptr)) {
    handler(fatal_context.load(), reason);
  }
  std::abort();
}

void check_failed(const char* condition, const char* file, int line) {
  fatal("%s:%d: check failed: %s", file, line, condition);
}

}  // namespace joist
