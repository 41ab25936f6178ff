// Monitors of the time offset: erlang:monitor(time_offset, clock_service).
#pragma once

#include "vm/proc/process.h"

namespace joist {

// Whether the process is to be told when the offset changes. Its relations have the monitor.
void watch_time_offset(Process& process, uint64_t id);
void unwatch_time_offset(Process& process, uint64_t id);

// Sends {'CHANGE', Ref, time_offset, clock_service, Offset} to all who want to know. `scheduler`:
// whose thread calls, or Schedulers::kNone.
void tell_time_offset(const Runtime& runtime, uint32_t scheduler);

// Asked of a scheduler's loop while the offset is watched: looks once a second.
struct TimeOffsetWatch {
  static constexpr int64_t kIntervalNs = 1'000'000'000;
  int64_t next_ns = 0;
  void look(const Runtime& runtime, uint32_t scheduler);
};

}  // namespace joist
