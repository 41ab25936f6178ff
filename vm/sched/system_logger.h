// Where the VM reports the crash of a process: to the process that
// erlang:system_flag(system_logger, _) names, by default whoever is registered as `logger`. Before
// there is such a process the report goes to standard error, as the term it is.
//
// And who writes the report of the whole VM when that ends for a bad reason.
#pragma once

#include <atomic>

#include "vm/proc/crash_dumper.h"
#include "vm/proc/process.h"

namespace joist {

class SystemLogger {
 public:
  // A local pid, the atom logger, or the atom undefined: nobody.
  Term target() const { return Term::from_bits(target_.load(std::memory_order_acquire)); }
  Term exchange_target(Term target) {
    return Term::from_bits(target_.exchange(target.bits(), std::memory_order_acq_rel));
  }

  // Sends {log, Level, Format, Arguments, Metadata} on behalf of the process; the level is error or
  // warning.
  void report(Process& process, Term level, std::string_view format, Term arguments);
  void report_error(Process& process, std::string_view format, Term arguments) {
    report(process, atoms::error, format, arguments);
  }
  // Text that is complete, in Latin-1; it gets one more end of line, as all that ERTS reports.
  void report_error(Process& process, std::string_view text);
  // The same on behalf of nobody, by a thread that is in an epoch: of that scheduler, or kNone.
  void report_error(const Runtime& runtime, uint32_t scheduler, std::string_view text);

  // null: nobody, in a VM that has not booted OTP.
  CrashDumper* crash_dumper() const { return crash_dumper_; }
  // Before the first process runs.
  void set_crash_dumper(CrashDumper* dumper) { crash_dumper_ = dumper; }

 private:
  Term receiver(const Runtime& runtime);

  CrashDumper* crash_dumper_ = nullptr;
  std::atomic<Word> target_{Term(atoms::logger).bits()};
};

// The process has ended with an exception that is worth a report, or has reached its
// max_heap_size.
void report_crash(Process& process);
void report_full_heap(Process& process, size_t words);

// [{Name, Words}, ...]: the blocks of a heap and what is in them, as
// erlang:process_info(_, garbage_collection_info) tells it and a full heap's report does.
Term heap_sizes(Allocator& to, const Heap& heap);

}  // namespace joist
