#include "vm/os/watched_blocks.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>

#include "vm/base/sync.h"
#include "vm/os/memory.h"

namespace joist {
namespace {

struct Block {
  size_t bytes;
  MemoryUse use;
};

// Several, by address, so that schedulers that allocate large blocks seldom meet.
struct Shard {
  Mutex mutex;
  std::map<uintptr_t, Block> blocks JOIST_GUARDED_BY(mutex);  // by address
};
constexpr size_t kShards = 16;

// Never destroyed: threads may free blocks until the very end.
std::span<Shard, kShards> shards() {
  static auto* all = new Shard[kShards];
  return std::span<Shard, kShards>(all, kShards);
}

Shard& shard_of(uintptr_t address) { return shards()[(address / kWatchedBytes) % kShards]; }

// Of the pages that lie wholly in the block.
size_t untouched_pages(uintptr_t base, size_t bytes) {
  constexpr size_t kAtOnce = 1024;
  const uintptr_t end = (base + bytes) & ~(page_size() - 1);
  uintptr_t page = round_up(base, page_size());
  size_t untouched = 0;
  while (page < end) {
    const size_t count = std::min((end - page) / page_size(), kAtOnce);
    unsigned char states[kAtOnce];
    if (mincore(reinterpret_cast<void*>(page), count * page_size(), states) != 0) break;
    untouched += static_cast<size_t>(
        std::count_if(states, states + count, [](auto state) { return (state & 1) == 0; }));
    page += count * page_size();
  }
  return untouched;
}

void watch_block(const void* block, size_t bytes, MemoryUse use) {
  const auto address = reinterpret_cast<uintptr_t>(block);
  Shard& shard = shard_of(address);
  MutexLock lock(shard.mutex);
  shard.blocks[address] = {bytes, use};
}

void forget_block(const void* block) {
  const auto address = reinterpret_cast<uintptr_t>(block);
  Shard& shard = shard_of(address);
  MutexLock lock(shard.mutex);
  shard.blocks.erase(address);
}

size_t untouched_bytes(MemoryUse use) {
  size_t pages = 0;
  for (Shard& shard : shards()) {
    MutexLock lock(shard.mutex);
    for (const auto& [base, block] : shard.blocks) {
      if (block.use == use) pages += untouched_pages(base, block.bytes);
    }
  }
  return pages * page_size();
}

// Allocators that cut a block by leaving it as it is: its end is not used for anything else.
void return_end(void* memory, size_t used, size_t allocated) {
  const auto base = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t first = round_up(base + used, page_size());
  const uintptr_t end = (base + allocated) & ~(page_size() - 1);
  // That it fails does no harm.
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

}  // namespace

void count_block(const void* block, size_t bytes, MemoryUse use) {
  count_memory(use, static_cast<int64_t>(bytes));
  if (bytes >= kWatchedBytes) watch_block(block, bytes, use);
}

void uncount_block(const void* block, size_t bytes, MemoryUse use) {
  count_memory(use, -static_cast<int64_t>(bytes));
  if (bytes >= kWatchedBytes) forget_block(block);
}

void* realloc_counted(void* memory, size_t bytes, MemoryUse use) {
  const size_t before = allocated_bytes(memory);
  uncount_block(memory, before, use);
  void* moved = realloc(memory, bytes);
  void* kept = moved != nullptr ? moved : memory;
  const size_t after = allocated_bytes(kept);
  if (moved == memory && after >= kWatchedBytes) return_end(moved, bytes, after);
  count_block(kept, after, use);
  return moved;
}

size_t touched_memory(MemoryUse use) {
  const auto counted = static_cast<size_t>(counted_memory(use));
  const size_t large = use == MemoryUse::kProcesses ? untouched_large_bytes() : 0;
  const size_t untouched = untouched_bytes(use) + large;
  return counted > untouched ? counted - untouched : 0;
}

size_t swapped_bytes() {
  FILE* file = std::fopen("/proc/self/status", "re");
  if (file == nullptr) return 0;
  char line[256];
  unsigned long long kilobytes = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::sscanf(line, "VmSwap: %llu", &kilobytes) == 1) break;
  }
  std::fclose(file);
  return kilobytes << 10;
}

}  // namespace joist
