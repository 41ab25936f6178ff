// Sums over all processes since the VM started. Schedulers add what a process did when it
// leaves; relaxed atomics, since nobody needs them to agree with one another.
#pragma once

#include <atomic>
#include <cstdint>

namespace joist {

struct SystemStatistics {
  std::atomic<uint64_t> reductions{0};
  std::atomic<uint64_t> context_switches{0};
  std::atomic<uint64_t> collections{0};
  std::atomic<uint64_t> words_reclaimed{0};
  std::atomic<uint64_t> bytes_read{0};  // through ports
  std::atomic<uint64_t> bytes_written{0};

  // Values at the last calls of erlang:statistics/1, which tells the difference.
  std::atomic<uint64_t> shown_reductions{0};
  std::atomic<uint64_t> shown_exact_reductions{0};
  std::atomic<uint64_t> shown_runtime{0};
  std::atomic<uint64_t> shown_wall_clock{0};
};

}  // namespace joist
