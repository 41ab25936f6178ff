// What a process that is traced, or has a sequential trace token, carries with it. Changed by
// whoever runs the process, and by others while nobody does (vm/sched/exclusive.h).
#pragma once

#include <vector>

#include "vm/proc/trace_hook.h"

namespace joist {

struct ProcessTrace {
  // One session's interest in the process.
  struct Ref {
    uint64_t session = 0;
    uint32_t flags = 0;
    Term tracer = Term::none();  // local pid or port
  };
  std::vector<Ref> refs;

  // {Flags, Label, Serial, From, LastSerial}, or []: a term of the process' heap.
  Term token = Term::nil();
  int64_t serial_clock = 0;
  int64_t last_serial = 0;

  // Of call_time and call_memory in one session: on whose account it runs now.
  struct Account {
    uint64_t session = 0;
    uint32_t function = kNoFunction;  // vm/trace/call_patterns.h
    int64_t since_ns = 0;             // the latest time and words that are booked
    int64_t since_words = 0;
  };
  static constexpr uint32_t kNoFunction = UINT32_MAX;
  std::vector<Account> accounts;

  // The native that it was about to call when its slice ended has been traced already.
  bool resumes_native = false;
};

}  // namespace joist
