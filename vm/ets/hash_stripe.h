// What a hash table consists of, for hash_store.cpp and hash_scan.cpp.
#pragma once

#include <bit>
#include <cstdlib>

#include "vm/ets/hash_store.h"

namespace joist {

inline constexpr size_t kFirstBuckets = 8;
inline constexpr size_t kFirstBits = 3;
inline constexpr size_t kMaxSegments = 29;

inline void add_relaxed(std::atomic<size_t>& counter, ptrdiff_t change) {
  counter.store(counter.load(std::memory_order_relaxed) + static_cast<size_t>(change),
                std::memory_order_relaxed);
}

struct alignas(kCacheLine) HashStore::Stripe {
  RwSpinLock lock;  // guards all that follows
  uint32_t buckets = kFirstBuckets;
  std::atomic<uint32_t> counted{kFirstBuckets};  // buckets, read by anyone
  std::atomic<size_t> rows{0};      // living ones; written under the lock, read by anyone
  std::atomic<size_t> words{0};     // of all rows
  EtsObject*** segments = nullptr;  // [k]: the buckets 8 << k to (16 << k) - 1
  std::vector<uint32_t> with_dead;  // numbers of buckets in which rows are dead
  std::atomic<size_t> dead{0};      // with_dead.size(), read by anyone
  EtsObject* first[kFirstBuckets] = {};

  ~Stripe() {
    for (size_t k = 0; segments != nullptr && k < kMaxSegments; ++k) free(segments[k]);
    free(segments);
  }
  void set_buckets(uint32_t number) {
    buckets = number;
    counted.store(number, std::memory_order_relaxed);
  }
  void add_segment(size_t k) {
    if (segments == nullptr) {
      segments = static_cast<EtsObject***>(calloc(kMaxSegments, sizeof(EtsObject**)));
    }
    if (segments != nullptr && segments[k] == nullptr) {
      segments[k] = static_cast<EtsObject**>(calloc(kFirstBuckets << k, sizeof(EtsObject*)));
    }
    if (segments == nullptr || segments[k] == nullptr) fatal("out of memory: buckets of a table");
  }
};

inline EtsObject** HashStore::bucket(Stripe& stripe, size_t number) const {
  if (number < kFirstBuckets) return &stripe.first[number];
  const size_t k = static_cast<size_t>(std::bit_width(number)) - 1 - kFirstBits;
  return &stripe.segments[k][number - (kFirstBuckets << k)];
}

}  // namespace joist
