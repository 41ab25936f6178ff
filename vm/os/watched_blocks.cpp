#include "vm/os/watched_blocks.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

#include "vm/os/large_blocks.h"
#include "vm/os/memory.h"

namespace joist {
namespace {

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
  if (bytes >= kWatchedBytes) note_large_block(block, bytes, use, Touched::kAnywhere);
}

void uncount_block(const void* block, size_t bytes, MemoryUse use) {
  count_memory(use, -static_cast<int64_t>(bytes));
  if (bytes >= kWatchedBytes) forget_large_block(block);
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
  const size_t untouched = untouched_bytes(use, Touched::kAnywhere) + large;
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
