#include "vm/os/memory_count.h"

#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "vm/base/sync.h"
#include "vm/os/large_free.h"
#include "vm/os/watched_blocks.h"

// Of mimalloc, when the executable is linked with it.
extern "C" [[gnu::weak]] void mi_collect(bool force);

namespace joist {

namespace {

struct Sums {
  std::atomic<int64_t> bytes[kMemoryUses] = {};
  Sums* next = nullptr;
};

// The sums of all threads that ever counted: those of one that has ended still count.
struct AllSums {
  Mutex mutex;
  Sums* first JOIST_GUARDED_BY(mutex) = nullptr;
};

// Never destroyed: threads may count until the very end.
AllSums& all_sums() {
  static AllSums* all = new AllSums;
  return *all;
}

thread_local Sums* own_sums = nullptr;

Sums* new_sums() {
  auto* sums = new Sums;
  AllSums& all = all_sums();
  MutexLock lock(all.mutex);
  sums->next = all.first;
  all.first = sums;
  return sums;
}

}  // namespace

void count_memory(MemoryUse use, int64_t bytes) {
  Sums* sums = own_sums;
  if (sums == nullptr) [[unlikely]]
    own_sums = sums = new_sums();
  std::atomic<int64_t>& sum = sums->bytes[static_cast<size_t>(use)];
  sum.store(sum.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
}

int64_t counted_memory(MemoryUse use) {
  AllSums& all = all_sums();
  MutexLock lock(all.mutex);
  int64_t total = 0;
  for (const Sums* sums = all.first; sums != nullptr; sums = sums->next) {
    total += sums->bytes[static_cast<size_t>(use)].load(std::memory_order_relaxed);
  }
  return total > 0 ? total : 0;
}

size_t allocated_bytes(void* memory) { return malloc_usable_size(memory); }

void* malloc_counted(size_t bytes, MemoryUse use) {
  void* memory = malloc(bytes);
  if (memory != nullptr) count_block(memory, allocated_bytes(memory), use);
  return memory;
}

void free_counted(void* memory, MemoryUse use) {
  if (memory == nullptr) return;
  const size_t bytes = allocated_bytes(memory);
  uncount_block(memory, bytes, use);
  if (bytes >= kLongToFree) return free_aside(memory);
  free(memory);
}

size_t resident_bytes() {
  FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long all = 0;
  unsigned long long resident = 0;
  const int fields = std::fscanf(file, "%llu %llu", &all, &resident);
  std::fclose(file);
  return fields == 2 ? resident * static_cast<size_t>(sysconf(_SC_PAGESIZE)) : 0;
}

void return_free_memory() {
  if (mi_collect != nullptr) {
    mi_collect(true);
  } else {
    malloc_trim(0);
  }
}

}  // namespace joist
