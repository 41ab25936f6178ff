// How lower layers have erl_crash.dump written, or parts of it told (vm/engine/crash_dump.h).
#pragma once

#include <string>
#include <string_view>

namespace joist {

class Process;

// What system_info(procs), (info) and (dist) tell.
enum class DumpPart { kProcesses, kSystem, kNodes };

class CrashDumper {
 public:
  // Writes the file, if the variables ERL_CRASH_DUMP_* want one, and says so on standard error. No
  // process runs from then on: the caller ends the OS process. Any thread; the second call returns
  // at once.
  virtual void write_crash_dump(std::string_view slogan) = 0;
  // By a native of `asking`, while no other process runs (vm/sched/exclusive.h).
  virtual std::string text_of(DumpPart part, Process& asking) = 0;

 protected:
  ~CrashDumper() = default;
};

}  // namespace joist
