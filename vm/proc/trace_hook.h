// What lower layers tell tracing. A process has one word of flags (Process::trace_flags); where
// something happens that may be traced, a bit of it is tested, and only then the hook is called.
// The hook itself is vm/trace/tracing.h, which lies above whoever calls it.
//
// All functions are called by the thread that runs the process, or handles signals for it.
#pragma once

#include <atomic>
#include <cstdint>

#include "vm/term/term.h"

namespace joist {

class Process;
struct Signal;

namespace trace_flag {
inline constexpr uint32_t kSend = 1 << 0;
inline constexpr uint32_t kReceive = 1 << 1;
inline constexpr uint32_t kProcs = 1 << 2;
inline constexpr uint32_t kCall = 1 << 3;
inline constexpr uint32_t kRunning = 1 << 4;
inline constexpr uint32_t kRunningProcs = 1 << 5;
inline constexpr uint32_t kRunningPorts = 1 << 6;
inline constexpr uint32_t kPorts = 1 << 7;
inline constexpr uint32_t kExiting = 1 << 8;
inline constexpr uint32_t kGarbageCollection = 1 << 9;
inline constexpr uint32_t kSetOnSpawn = 1 << 10;
inline constexpr uint32_t kSetOnFirstSpawn = 1 << 11;
inline constexpr uint32_t kSetOnLink = 1 << 12;
inline constexpr uint32_t kSetOnFirstLink = 1 << 13;
inline constexpr uint32_t kArity = 1 << 14;
inline constexpr uint32_t kReturnTo = 1 << 15;
inline constexpr uint32_t kSilent = 1 << 16;
inline constexpr uint32_t kSchedulerId = 1 << 17;
inline constexpr uint32_t kTimestamp = 1 << 18;  // in the form of erlang:now/0
inline constexpr uint32_t kStrictMonotonicTimestamp = 1 << 19;
inline constexpr uint32_t kMonotonicTimestamp = 1 << 20;
// All that erlang:trace/3 sets.
inline constexpr uint32_t kAll = (1 << 21) - 1;
// --- set by other means ---
inline constexpr uint32_t kToken = 1 << 21;  // it has a sequential trace token

// What a scheduler tells of turns. kCall: the clocks of call_time.
inline constexpr uint32_t kTurns = kRunning | kRunningProcs | kExiting | kCall;
inline constexpr uint32_t kLinking = kProcs | kSetOnLink | kSetOnFirstLink;
}  // namespace trace_flag

class TraceHook {
 public:
  virtual ~TraceHook() = default;

  // `to` is how the sender names the receiver. Before the message goes out.
  virtual void sending(Process& sender, Term to, Term message) = 0;
  // For senders with kToken: something goes out with it. The same as a message, to be delivered.
  virtual void token_for(Process& sender, Term receiver, Term message) = 0;
  virtual Signal* message_with_token(Process& sender, Term receiver, Term message) = 0;
  // The message has come into the queue.
  virtual void received(Process& receiver, const Signal& message) = 0;
  // A receive has taken the message: the token that it carries is the process' now.
  virtual void taken(Process& receiver, const Signal& message) = 0;
  // What kProcs is about: link, getting_linked, register, exit, ...
  virtual void about_process(Process& process, Term what, Term data) = 0;
  // Before the link signal goes to `other`.
  virtual void linking(Process& process, Term other) = 0;
  // A child gets its parent's flags, or those of all new processes, before anybody knows of it.
  virtual void spawning(Process& parent, Process& child, bool linked) = 0;
  virtual void spawned(Process& parent, Process& child, Term arguments, bool linked) = 0;
  virtual void scheduled(Process& process, bool in) = 0;
  virtual void out_exited(Process& process) = 0;
  virtual void collecting(Process& process, bool major, bool starts, size_t words) = 0;
  virtual void heap_limit_reached(Process& process) = 0;

  // Some process has been traced, once.
  bool is_used = false;
  // New processes are born with flags.
  bool traces_new_processes = false;
  bool cpu_timestamps = false;

  // --- system monitoring; 0: nobody wants to know ---
  std::atomic<int64_t> long_gc_ns{0};
  std::atomic<int64_t> long_schedule_ns{0};
  std::atomic<uint64_t> large_heap_words{0};
  std::atomic<bool> monitors_queues{false};
  bool monitors_collections() const {
    return long_gc_ns.load(std::memory_order_relaxed) != 0 ||
           large_heap_words.load(std::memory_order_relaxed) != 0;
  }
  virtual void collected(Process& process, int64_t ns) = 0;
  virtual void ran_long(Process& process, const void* in, int64_t ns) = 0;
  // At the end of a turn: its message queue may have become long, or short again.
  virtual void look_at_queue(Process& process) = 0;
};

}  // namespace joist
