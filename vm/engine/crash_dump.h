// erl_crash.dump: what the whole VM looked like when it had to end, for OTP's crashdump_viewer
// (https://www.erlang.org/doc/apps/erts/crash_dump).
//
// Where it goes, and whether there is one, the variables of the VM's environment say:
//
//   ERL_CRASH_DUMP          its path; else erl_crash.dump in the current folder
//   ERL_CRASH_DUMP_SECONDS  0: none; more: so long at most, then the OS process ends; less: no
//   limit ERL_CRASH_DUMP_BYTES    0: none; else it is cut there ERL_CRASH_DUMP_NICE     priority of
//   the OS process meanwhile
//
// A system with a heart, which is to be started again soon, has none unless ..._SECONDS is set.
#pragma once

#include <pthread.h>

#include <atomic>

#include "vm/proc/crash_dumper.h"
#include "vm/proc/process.h"

namespace joist {

class CrashDump final : public CrashDumper {
 public:
  explicit CrashDump(Runtime& runtime) : runtime_(runtime) {}
  void write_crash_dump(std::string_view slogan) override;
  // The same by a thread that cannot go on, in whatever state it and others are (fatal()): comes to
  // an end within seconds, the OS process's if need be.
  void write_after_failure(std::string_view reason);
  std::string text_of(DumpPart part, Process& asking) override;

 private:
  bool may_begin();
  void write(std::string_view slogan);
  void write_file(const char* path, std::string_view slogan, int64_t limit);

  Runtime& runtime_;
  std::atomic<pthread_t> writer_{};
};

// Stops all schedulers, and waits for them, but not for ever: what does not come to an end may be
// what is wrong. False: somebody still runs.
inline constexpr int64_t kLongestFreezeNs = 60'000'000'000;  // as OTP
bool freeze_schedulers(Runtime& runtime, int64_t longest_ns = kLongestFreezeNs);

}  // namespace joist
