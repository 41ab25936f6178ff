// Assertions by level, and the one way to stop the VM when an invariant is broken.
//
//   JOIST_CHECK(c)   always on: a false condition would corrupt memory or lie to the user
//   JOIST_ASSERT(c)  on where JOIST_ASSERTIONS is 1 (every preset but release): invariants
//   fatal(...)       formats a one-line reason, prints it to standard error and aborts
#pragma once

#include "vm/base/config.h"

namespace joist {

[[noreturn, gnu::cold, gnu::format(printf, 1, 2)]] void fatal(const char* format, ...);
[[noreturn, gnu::cold]] void check_failed(const char* condition, const char* file, int line);

}  // namespace joist

#define JOIST_CHECK(condition)                          \
  (__builtin_expect(static_cast<bool>(condition), true) \
       ? static_cast<void>(0)                           \
       : ::joist::check_failed(#condition, __FILE__, __LINE__))

#if JOIST_ASSERTIONS
#define JOIST_ASSERT(condition) JOIST_CHECK(condition)
#else
#define JOIST_ASSERT(condition) static_cast<void>(sizeof(static_cast<bool>(condition)))
#endif
