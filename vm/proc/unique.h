// Numbers that no one else in this VM has: references and unique integers. Safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "vm/term/boxed.h"

namespace joist {

class Uniques {
 public:
  // The VM's references begin at a place that depends on `seed`, so that those of an earlier
  // run, kept in a file or another node, are not met again soon.
  void set_seed(uint64_t seed) { next_ref_.store(seed, std::memory_order_relaxed); }

  // The numbers of a new reference: three words, of the first only 18 bits, as in OTP.
  RefNumbers next_ref() {
    uint64_t n = next_ref_.fetch_add(1, std::memory_order_relaxed);
    auto low = static_cast<uint32_t>(n & kFirstWordMask);
    auto middle = static_cast<uint32_t>(n >> kFirstWordBits);
    auto high = static_cast<uint32_t>(n >> (kFirstWordBits + 32));
    return {3, {low, middle, high, 0, 0}};
  }

  // 0, 1, 2, ... Those of next_monotonic_integer have a counter of their own: each is greater
  // than all that were taken before it, by whatever thread.
  int64_t next_integer() { return next_integer_.fetch_add(1, std::memory_order_relaxed); }
  int64_t next_monotonic_integer() {
    return next_monotonic_integer_.fetch_add(1, std::memory_order_seq_cst);
  }

 private:
  static constexpr unsigned kFirstWordBits = 18;
  static constexpr uint64_t kFirstWordMask = (uint64_t{1} << kFirstWordBits) - 1;

  std::atomic<uint64_t> next_ref_{1};
  std::atomic<int64_t> next_integer_{0};
  std::atomic<int64_t> next_monotonic_integer_{0};
};

}  // namespace joist
