// What erlang:system_flag/2 and, for tests, erts_debug:set_internal_state/2 change while the VM
// runs. Any thread reads and writes; no field is read together with another.
#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "vm/base/sync.h"
#include "vm/heap/heap.h"
#include "vm/os/cpu_topology.h"
#include "vm/os/microstates.h"
#include "vm/os/thread.h"
#include "vm/proc/backtrace.h"
#include "vm/proc/process.h"
#include "vm/sched/schedulers.h"

namespace joist {

// A kind of native whose slices tests make short: how many steps, at most.
enum class SliceKind : uint8_t { kBinary, kRegex, kUnicode };
inline constexpr size_t kSliceKinds = 3;
inline constexpr int64_t kNoStepLimit = INT64_MAX;

inline constexpr int64_t kNoTimeLimit = -1;

// What erlang:system_flag(cpu_topology, _) has set; empty: nothing.
class DefinedTopology {
 public:
  std::vector<LogicalCpu> get() {
    MutexLock lock(mutex_);
    return cpus_;
  }
  void set(std::vector<LogicalCpu> cpus) {
    MutexLock lock(mutex_);
    cpus_ = std::move(cpus);
  }

 private:
  Mutex mutex_;
  std::vector<LogicalCpu> cpus_ JOIST_GUARDED_BY(mutex_);
};

class SystemFlags {
 public:
  // Of processes that are made from now on and ask for nothing else.
  HeapOptions heap_options() const {
    HeapOptions options;
    options.min_heap_words = min_heap_words_.load(std::memory_order_relaxed);
    options.min_off_heap_bytes = min_off_heap_bytes_.load(std::memory_order_relaxed);
    options.fullsweep_after = fullsweep_after_.load(std::memory_order_relaxed);
    options.max_heap_words = max_heap_words_.load(std::memory_order_relaxed);
    options.kill_at_max_heap = kill_at_max_heap_.load(std::memory_order_relaxed);
    options.log_at_max_heap = log_at_max_heap_.load(std::memory_order_relaxed);
    options.max_includes_shared_binaries =
        max_includes_shared_binaries_.load(std::memory_order_relaxed);
    return options;
  }
  void set_heap_options(const HeapOptions& options) {
    min_heap_words_.store(options.min_heap_words, std::memory_order_relaxed);
    min_off_heap_bytes_.store(options.min_off_heap_bytes, std::memory_order_relaxed);
    fullsweep_after_.store(options.fullsweep_after, std::memory_order_relaxed);
    max_heap_words_.store(options.max_heap_words, std::memory_order_relaxed);
    kill_at_max_heap_.store(options.kill_at_max_heap, std::memory_order_relaxed);
    log_at_max_heap_.store(options.log_at_max_heap, std::memory_order_relaxed);
    max_includes_shared_binaries_.store(options.max_includes_shared_binaries,
                                        std::memory_order_relaxed);
  }

  DefinedTopology topology;
  std::atomic<bool> reads_topology{true};
  // Made before any thread is started; null in a VM without schedulers.
  std::unique_ptr<Microstates> microstates;

  std::atomic<bool> messages_off_heap{false};  // the same: message_queue_data
  std::atomic<int64_t> halt_flush_timeout_ms{kNoTimeLimit};
  std::atomic<size_t> backtrace_depth{kBacktraceDepth};
  // How many requests to processes erts_literal_area_collector and its like have open at once.
  std::atomic<int64_t> outstanding_requests{4};
  // The processors when erlang:system_info(update_cpu_info) was asked last.
  std::atomic<uint64_t> known_processors{processors_now()};
  // Two counts in one word: those that are online, and those that the VM may run on.
  static uint64_t processors_now() {
    const CpuCount count = cpu_count();
    return static_cast<uint64_t>(count.online) << 32 | static_cast<uint32_t>(count.available);
  }
  // Who is told of processes that wait for a busy port, and of ports that take long
  // (erlang:system_monitor/2): the bits of a pid; 0: nobody.
  std::atomic<Word> busy_port_monitor{0};
  std::atomic<Word> busy_dist_port_monitor{0};
  std::atomic<Word> long_schedule_monitor{0};

  // --- for tests only ---
  std::atomic<bool> internal_state{false};  // whether the natives that show it may be used
  std::atomic<int64_t> step_limits[kSliceKinds] = {kNoStepLimit, kNoStepLimit, kNoStepLimit};

 private:
  std::atomic<size_t> min_heap_words_{HeapOptions().min_heap_words};
  std::atomic<size_t> min_off_heap_bytes_{HeapOptions().min_off_heap_bytes};
  std::atomic<uint32_t> fullsweep_after_{HeapOptions().fullsweep_after};
  std::atomic<size_t> max_heap_words_{HeapOptions().max_heap_words};
  std::atomic<bool> kill_at_max_heap_{HeapOptions().kill_at_max_heap};
  std::atomic<bool> log_at_max_heap_{HeapOptions().log_at_max_heap};
  std::atomic<bool> max_includes_shared_binaries_{HeapOptions().max_includes_shared_binaries};
};

// A process without a VM, as in unit tests, has none: the defaults hold.
inline SystemFlags* system_flags(const Process& p) {
  return p.runtime->schedulers == nullptr ? nullptr : p.runtime->schedulers->flags();
}
inline Microstates* microstates_of(const Schedulers& schedulers) {
  const SystemFlags* flags = schedulers.flags();
  return flags == nullptr ? nullptr : flags->microstates.get();
}
inline HeapOptions default_heap_options(const Process& p) {
  const SystemFlags* flags = system_flags(p);
  return flags == nullptr ? HeapOptions() : flags->heap_options();
}
inline size_t backtrace_depth(const Process& p) {
  const SystemFlags* flags = system_flags(p);
  return flags == nullptr ? kBacktraceDepth : flags->backtrace_depth.load();
}
inline int64_t step_limit(const Process& p, SliceKind kind) {
  const SystemFlags* flags = system_flags(p);
  if (flags == nullptr) return kNoStepLimit;
  return flags->step_limits[static_cast<size_t>(kind)].load(std::memory_order_relaxed);
}

}  // namespace joist
