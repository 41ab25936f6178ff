// What natives and the interpreter reach through a process: the tables of the VM it belongs to.
// The engine owns them all and fills this in (vm/engine/vm.h); lower layers see only what they
// have the headers for.
#pragma once

#include <cstdint>
#include <span>

#include "vm/proc/settings.h"
#include "vm/proc/statistics.h"
#include "vm/proc/unique.h"

namespace joist {

class Clock;
class CodeTable;
class Environment;
class EtsTables;
class ErlangTime;
class ExternalResolver;
class LiteralSpace;
class MessageTimers;
class NameTable;
class Oracle;
class PersistentTerms;
class PortReceiver;
class Ports;
class ProcessTable;
class ReadWatch;
class RegexCache;
class RetiredLiterals;
class Schedulers;
class SystemLogger;
class TraceHook;
class Tracing;
struct ExportEntry;
struct Node;
class Process;

// What a layer above vm/sched does when a process ends (tables, ports, timers): called again until
// it returns true; each call charges reductions and stops when they are used up.
using ExitStage = bool (*)(Process& process);

struct Runtime {
  CodeTable* code = nullptr;                    // vm/code/code_table.h: modules, exports, funs
  LiteralSpace* literals = nullptr;             // vm/heap/literals.h
  RetiredLiterals* retired_literals = nullptr;  // vm/heap/retired_literals.h
  Clock* clock = nullptr;                       // vm/os/clock.h
  ErlangTime* time = nullptr;                   // vm/proc/time.h
  Environment* environment = nullptr;           // vm/os/environment.h
  PersistentTerms* persistent = nullptr;        // bif/persistent.h
  RegexCache* regexes = nullptr;                // bif/re_pattern.h
  EtsTables* ets = nullptr;                     // vm/ets/tables.h
  ProcessTable* processes = nullptr;            // vm/proc/process_table.h
  NameTable* names = nullptr;                   // vm/proc/name_table.h: registered names
  MessageTimers* message_timers = nullptr;      // vm/sched/message_timers.h
  Schedulers* schedulers = nullptr;             // vm/sched/schedulers.h
  Ports* ports = nullptr;                       // vm/io/ports.h
  ReadWatch* read_watch = nullptr;              // vm/io/read_watch.h: input for natives
  PortReceiver* port_receiver = nullptr;        // vm/sched/port_receiver.h: the same, from below
  SystemLogger* logger = nullptr;               // vm/sched/system_logger.h: reports of crashes
  TraceHook* trace = nullptr;                   // vm/proc/trace_hook.h: what is traced
  Tracing* tracing = nullptr;                   // vm/trace/tracing.h: the same, from above
  ExternalResolver* externals = nullptr;        // vm/codec/etf.h: funs, records, magic references
  // Makes a process ready to run a function (vm/exec/run.h: start_process).
  void (*prepare_start)(Process& process, const ExportEntry* entry) = nullptr;
  // A heap of that many words is more than max_heap_size allows; null: nobody wants to know.
  void (*heap_limit_reached)(Process& process, size_t words) = nullptr;
  std::span<const ExitStage> exit_stages;  // what upper layers do when a process ends
  uint64_t local_term_key = 0;             // vm/codec/etf.h: secret behind `local` terms
  int otp_release = 25;
  Uniques uniques;
  SystemSettings settings;
  SystemStatistics statistics;
  bool printable_unicode = false;  // +pc unicode
  bool utf8_file_names = true;     // +fn; by default what the locale says
};

}  // namespace joist
