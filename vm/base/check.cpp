#include "vm/base/check.h"

#include <atomic>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "vm/base/fatal.h"

namespace joist {

namespace {

constinit std::atomic<FatalHandler> fatal_handler{nullptr};
constinit std::atomic<void*> fatal_context{nullptr};
constinit std::atomic<bool> is_failing{false};
thread_local bool is_failing_here = false;
constexpr size_t kLongestReason = 1024;
constexpr int kFailed = 1;  // the exit status, as after a crash dump

// Where memory is short several threads fail at once: the first speaks and ends the OS process,
// however long its handler takes; that it does not wait for what another one holds is its business.
// Where its handler fails, there is nothing new to say.
void wait_for_the_first() {
  if (is_failing_here) std::_Exit(kFailed);
  is_failing_here = true;
  if (!is_failing.exchange(true)) return;
  while (true) std::this_thread::sleep_for(std::chrono::hours{1});
}

}  // namespace

void set_fatal_handler(FatalHandler handler, void* context) {
  fatal_context.store(context);
  fatal_handler.store(handler);
}

bool lacks_resources(std::string_view reason) {
  return reason.starts_with("out of memory") || reason.starts_with("cannot start thread");
}

void fatal(const char* format, ...) {
  char reason[kLongestReason];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  wait_for_the_first();
  std::fprintf(stderr, "joist: fatal: %s\n", reason);
  // What the handler does may fail, too.
  if (const FatalHandler handler = fatal_handler.exchange(nullptr)) {
    handler(fatal_context.load(), reason);
  }
  // As OTP, a system that has no memory left exits; what must never happen leaves a core dump.
  if (lacks_resources(reason)) std::_Exit(kFailed);
  std::abort();
}

void check_failed(const char* condition, const char* file, int line) {
  fatal("%s:%d: check failed: %s", file, line, condition);
}

}  // namespace joist
