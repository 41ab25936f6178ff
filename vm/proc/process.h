// A process: its heap, its registers when it does not run, its exception in flight, and the
// services natives need. Owned by the one scheduler that runs it.
//
// While the interpreter runs, heap top, stack pointer, code pointer, reductions and the first X
// registers live in machine registers; before any native or slow path is called the handler has
// stored them here, and it reloads them afterwards.
#pragma once

#include <atomic>
#include <initializer_list>
#include <memory>
#include <span>

#include "vm/code/export.h"
#include "vm/heap/bit_syntax.h"
#include "vm/heap/heap.h"
#include "vm/proc/message_queue.h"
#include "vm/proc/process_flags.h"
#include "vm/proc/runtime.h"
#include "vm/proc/suspended.h"
#include "vm/proc/trace_hook.h"
#include "vm/term/atom.h"

namespace joist {

inline constexpr size_t kXRegisters = 1024;
inline constexpr size_t kFloatRegisters = 1024;

struct OpCounts;    // vm/code/op_counts.h
class EpochReader;  // vm/base/epoch.h

enum class ThreadKind : uint8_t { kScheduler, kDirtyCpu, kDirtyIo };

// X and float registers of a scheduler; the process that runs uses them. A process that is
// switched out keeps its live ones in `saved_registers`.
struct Registers {
  Term x[kXRegisters];
  Term scratch[4];  // behind x: constants that an instruction wants in a register
  double f[kFloatRegisters];
  Process* process;
  OpCounts* op_counts;  // null unless code was loaded to be counted
  uint32_t scheduler;   // whose registers these are, from 0; UINT32_MAX: a dirty thread's
  ThreadKind thread;
  EpochReader* reader;   // of the thread
  bool gc_stress;        // collect at every chance (JOIST_GC_STRESS=1, builds with assertions)
  int64_t stress_pause;  // chances to let pass first: large heaps are not collected as often

  bool stress_due() { return gc_stress && --stress_pause < 0; }
};

enum class ExceptionClass : uint8_t { kError, kExit, kThrow };

// What a native did when it returned none().
enum class NativeOutcome : uint8_t {
  kRaise,  // exception_* is filled in
  kTrap,   // continue at trap_code with `live` arguments in the X registers
  kExit,   // the process ends (exit_reason); no handler can catch it
  kYield,  // call the same native again in the next slice, with the arguments in the X registers
  // Forget the stack and make the heap small, then call the same native again, as above, each time
  // that something has come.
  kHibernate,
  kRest,   // the same, but the stack stays
  kDirty,  // a dirty thread is to run it (vm/engine/dirty.h), with the arguments in the X registers
  kTraced,  // nothing yet: the native is traced, and the interpreter runs it (vm/exec/trace.h)
};

// A collection that is to come as soon as the process gives up its scheduler.
enum class DueCollection : uint8_t {
  kNone,
  kMinor,
  kFull,
  kFailed,  // it came, and the process must die
};

// Why run_process returned.
enum class RunOutcome : uint8_t {
  kYielded,  // its slice is over; runnable
  kWaiting,  // for a signal, in a receive
  kDirty,    // at the stub of a native that a dirty thread is to run
  kExited,   // exit_reason says why; for an exception its class, reason and trace are kept
};

enum class StackTraceKind : uint8_t {
  kBuild,  // from the place of the error
  kGiven,  // exception_trace is the trace to use (erlang:raise/3)
  kRaw,    // exception_trace is the raw trace of an exception that is raised again
};

struct ReceiveTimer;  // vm/sched/timers.h
struct Relations;     // vm/proc/relations.h

enum class Priority : uint8_t { kMax, kHigh, kNormal, kLow };
inline constexpr size_t kPriorities = 4;

// The name a process is registered under. Others may give and take it, until the process ends.
class RegisteredName {
 public:
  // none(): no name.
  Term get() const {
    const Word name = name_.load(std::memory_order_acquire);
    return name == kFree || name == kClosed ? Term::none() : Term::from_bits(name);
  }
  // False: it has one, or has ended.
  bool claim(Term name) {
    Word free = kFree;
    return name_.compare_exchange_strong(free, name.bits(), std::memory_order_acq_rel);
  }
  void release(Term name) {
    Word expected = name.bits();
    name_.compare_exchange_strong(expected, kFree, std::memory_order_acq_rel);
  }
  // No name from now on; the last one, or none().
  Term close() {
    const Word name = name_.exchange(kClosed, std::memory_order_acq_rel);
    return name == kFree || name == kClosed ? Term::none() : Term::from_bits(name);
  }
  void reopen() { name_.store(kFree, std::memory_order_release); }

 private:
  static constexpr Word kFree = 0;
  static constexpr Word kClosed = 1;
  std::atomic<Word> name_{kFree};
};

// What other threads see and change of a process that somebody else runs.
//
// Exactly one scheduler has a process that is kScheduled, in its queue or in its hands. Whoever
// sets the bit puts the process into a queue; whoever runs it takes the bit away when it waits,
// unless kNotified came meanwhile.
namespace process_state {
inline constexpr uint32_t kScheduled = 1;
inline constexpr uint32_t kNotified = 2;  // there is something new: a signal, a timeout
inline constexpr uint32_t kTimedOut = 4;  // the time of its receive is over
// A dirty thread runs a native for it. What has come meanwhile and can be handled all the same is
// handled by the scheduler that has set kAside; the last of the two to take its bit away goes on
// with the process (vm/engine/dirty.h).
inline constexpr uint32_t kDirty = 8;
inline constexpr uint32_t kAside = 16;
inline constexpr uint32_t kDoomed = 32;  // meanwhile a signal has come that ends it
// With kDirty: it collects instead, and nobody may look at its heap or stack.
inline constexpr uint32_t kCollecting = 1024;
}  // namespace process_state

class Process {
 public:
  Process() = default;
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  Heap heap;
  Registers* registers = nullptr;
  Runtime* runtime = nullptr;
  const Cell* code_pointer = nullptr;
  int64_t reductions = 0;  // left in this slice
  Term pid = Term::local_pid(0);

  // --- what other threads touch (vm/sched) ---
  std::atomic<uint32_t> state{0};
  SignalQueue signals;
  Process* next_in_queue = nullptr;  // of the run queue it is in
  // Came while a dirty thread ran a native, and wait until that is over; oldest first.
  Signal* late_signals = nullptr;
  // Of the scheduler that ran it last; it is queued there again.
  uint32_t scheduler = 0;

  // --- messages, relations, life ---
  MessageQueue messages;
  Relations* relations = nullptr;  // null: none yet
  Relations& make_relations();
  ReceiveTimer* receive_timer = nullptr;  // null: it never waited with a timeout
  bool receive_timer_active = false;
  Priority priority = Priority::kNormal;
  uint32_t trace_flags = 0;   // of all sessions, and others: vm/proc/trace_hook.h
  bool is_exiting = false;    // an exit signal has ended it: no more of its code runs
  bool is_exit_told = false;  // to its tracers
  uint8_t exit_stage = 0;     // vm/sched/exit.cpp
  uint8_t exit_step = 0;
  bool is_system = false;          // part of the emulator: its end is the VM's
  bool is_host = false;            // belongs to the embedding program, which makes it run
  bool host_is_idle = false;       // the program's call is over
  bool host_raised = false;        // it ended with the exception in exception_*
  uint32_t suspend_count = 0;      // it does not run while this is not 0
  Signal* system_tasks = nullptr;  // what it must do before it runs on: vm/sched/system_task.h
  RegisteredName registered_name;
  Term parent = Term::none();
  Mfa initial_call = {Term::none(), Term::none(), 0};
  uint64_t reductions_done = 0;  // in former slices
  // Moves the signal's message from the queue to the heap (see Signal).
  void adopt_message(Signal* message);
  // Before a collection while a receive looks at a message (see process.cpp).
  void detach_current_message();
  bool examines_message = false;  // between loop_rec and remove_message or loop_rec_end

  // X registers that are live while it does not run: x[0, live).
  void save_registers();
  void load_registers();
  // The saved ones, when it does not run.
  std::span<Term> saved_registers() { return {saved_ == nullptr ? few_saved_ : saved_, live}; }
  // Room for `count` saved registers, for whoever makes a process.
  Term* reserve_saved(uint32_t count);

  // --- the result of a native that returned none() ---
  NativeOutcome outcome = NativeOutcome::kRaise;
  ExceptionClass exception_class = ExceptionClass::kError;
  StackTraceKind trace_kind = StackTraceKind::kBuild;
  Term exception_reason = Term::nil();
  Term exception_trace = Term::nil();  // given trace, or none
  Term error_cause = Term::none();     // `cause` of error_info, when a native gave one
  // For erlang:error/2,3: the arguments to show in the trace's head (list), else none().
  Term exception_arguments = Term::none();
  Term exception_info = Term::none();  // error_info map given to erlang:error/3, else none()
  // The native that raised, to head the trace with its arguments; null: the code that called.
  const Mfa* exception_function = nullptr;
  const Cell* trap_code = nullptr;  // where a trap continues; its arguments are in x[0], ...
  uint32_t live = 0;                // X registers in use while not running, and for a trap

  // --- how it stopped running ---
  RunOutcome run_outcome = RunOutcome::kYielded;
  Term exit_reason = Term::nil();
  bool exited_by_exception = false;  // exception_class and its kin tell more

  // Collects with x[0, live) and all that this record refers to as roots; `need` words are free
  // afterwards. False: the process must die (max_heap_size, or no memory); exit_now was called.
  // What would keep the scheduler long is put off: due_collection is set, the slice is over, and a
  // dirty thread does it as soon as the process has yielded.
  bool collect_gc(size_t need, uint32_t live_registers, Collection kind = Collection::kMinor);
  // The one that is due; x[0, live) are roots. False as above.
  bool collect_due_gc();
  DueCollection due_collection = DueCollection::kNone;
  // Everything of this record that a collector must visit, but for registers.
  void add_roots(RootSet& roots);

  std::span<Term> host_roots;  // terms that the embedding program keeps
  BitWriter bit_writer;        // where bs_put_* instructions write

  // What the native that yielded goes on with; no collection happens until it does.
  std::unique_ptr<SuspendedNative> suspended;

  // --- process dictionary, flags and their kin ---
  struct Extras;  // vm/proc/process_extras.h: made when first needed
  Extras* extras = nullptr;
  Extras& make_extras();
  ProcessFlags flags;
  bool trap_exit = false;
  Term group_leader = Term::nil();  // always a pid in a VM with processes

  // --- what natives call ---
  Allocator& allocator() { return heap; }

  // Each of these sets the outcome and returns none(): `return p.badarg();`
  Term raise(ExceptionClass exception, Term reason) {
    outcome = NativeOutcome::kRaise;
    exception_class = exception;
    trace_kind = StackTraceKind::kBuild;
    exception_reason = reason;
    exception_trace = Term::nil();
    error_cause = Term::none();
    exception_arguments = Term::none();
    exception_info = Term::none();
    exception_function = nullptr;
    return Term::none();
  }
  Term error(Term reason) { return raise(ExceptionClass::kError, reason); }
  Term badarg() { return error(atoms::badarg); }
  // badarg whose error_info map carries cause => `cause`.
  Term badarg(Term cause) {
    badarg();
    error_cause = cause;
    return Term::none();
  }
  Term badarith() { return error(atoms::badarith); }
  Term system_limit() { return error(atoms::system_limit); }
  // {Tag, Value} as reason: badmap, badkey, badfun, ...
  Term error_tuple(Term tag, Term value);
  // Continue with a call of `target`; this native's caller gets its result. The arguments go to
  // the X registers, which are free by then: natives get theirs by value.
  Term trap(const ExportEntry* target, std::initializer_list<Term> arguments);
  // The same to any code, whose `argument_count` arguments the native has put into registers->x.
  Term trap_to(const Cell* code, uint32_t argument_count);
  // Ends the process; nothing can catch it.
  Term exit_now(Term reason);
  // The same by name: a lookup in the export table (natives that hand over to Erlang code).
  Term trap(Term module, Term function, std::initializer_list<Term> arguments);
  // Run this native again, with these arguments, in the next slice.
  Term yield(std::initializer_list<Term> arguments);
  // The same once something has come; until then the heap is as small as it gets.
  Term rest();
  // The same with a job for it to take up with resume() (vm/proc/suspended.h).
  Term suspend(std::unique_ptr<SuspendedNative> job, std::initializer_list<Term> arguments) {
    suspended = std::move(job);
    return yield(arguments);
  }
  // The same, the arguments being where they were: for length/1, which may be an instruction.
  Term suspend_in_place(std::unique_ptr<SuspendedNative> job, uint32_t arity) {
    suspended = std::move(job);
    outcome = NativeOutcome::kYield;
    live = arity;
    return Term::none();
  }
  // The job that this native has suspended; null: this call is a new one.
  template <typename Job>
  std::unique_ptr<Job> resume() {
    return std::unique_ptr<Job>(static_cast<Job*>(suspended.release()));
  }
  // Wait with nothing but these arguments, and run this native again when something has come.
  Term hibernate(std::initializer_list<Term> arguments);
  // After signals were handled: one of them has ended this process.
  Term ended_by_signal() {
    outcome = NativeOutcome::kExit;
    return Term::none();
  }
  // Refuses loudly what Joist does not have yet: error:{not_supported, What}.
  Term not_supported(const char* what);

  // Charges work: about one reduction for each function call's worth.
  void charge(int64_t count) { reductions -= count; }
  bool out_of_budget() const { return reductions <= 0; }

 private:
  void report_heap_limit();
  bool put_off_collection(size_t need, Collection kind);
  bool collect_now_gc(size_t need, uint32_t live_registers, Collection kind);
  bool collect_told_gc(const RootSet& roots, size_t need, Collection kind);

  static constexpr uint32_t kFewSaved = 4;
  Term few_saved_[kFewSaved] = {Term::nil(), Term::nil(), Term::nil(), Term::nil()};
  Term* saved_ = nullptr;  // when more are live
  uint32_t saved_capacity_ = 0;
};

}  // namespace joist
