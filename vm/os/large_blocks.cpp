#include "vm/os/large_blocks.h"

#include <sys/mman.h>

#include <algorithm>
#include <map>
#include <span>

#include "vm/base/sync.h"
#include "vm/os/memory.h"

namespace joist {
namespace {

struct Block {
  size_t bytes;
  MemoryUse use;
  Touched touched;
};

// Several, so that schedulers that allocate large blocks seldom meet.
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

// Neither blocks of some hundred kilobytes nor those that begin at huge pages share one.
Shard& shard_of(uintptr_t address) { return shards()[(address >> 17 ^ address >> 21) % kShards]; }

// Of the pages that lie wholly in the block.
size_t untouched_anywhere(uintptr_t base, size_t bytes) {
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

bool is_resident(uintptr_t page) {
  unsigned char state = 1;
  return mincore(reinterpret_cast<void*>(page), 1, &state) != 0 || (state & 1) != 0;
}

// The number of resident pages at the beginning (`step` 1) or at the end (-1) of `count` pages of
// which `first` is the outermost, if they lie there side by side.
size_t resident_run(uintptr_t first, ptrdiff_t step, size_t count) {
  size_t low = 0;
  size_t high = count;
  const auto stride = step * static_cast<ptrdiff_t>(page_size());
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (is_resident(first + static_cast<uintptr_t>(static_cast<ptrdiff_t>(middle) * stride))) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

size_t untouched_between_ends(uintptr_t base, size_t bytes) {
  const size_t count = bytes / page_size();
  const size_t front = resident_run(base, 1, count);
  return count - front - resident_run(base + bytes - page_size(), -1, count - front);
}

}  // namespace

void note_large_block(const void* block, size_t bytes, MemoryUse use, Touched touched) {
  const auto address = reinterpret_cast<uintptr_t>(block);
  Shard& shard = shard_of(address);
  MutexLock lock(shard.mutex);
  shard.blocks[address] = {bytes, use, touched};
}

void forget_large_block(const void* block) {
  const auto address = reinterpret_cast<uintptr_t>(block);
  Shard& shard = shard_of(address);
  MutexLock lock(shard.mutex);
  shard.blocks.erase(address);
}

size_t untouched_bytes(MemoryUse use, Touched touched) {
  size_t pages = 0;
  for (Shard& shard : shards()) {
    MutexLock lock(shard.mutex);
    for (const auto& [base, block] : shard.blocks) {
      if (block.use != use || block.touched != touched) continue;
      pages += touched == Touched::kAtEnds ? untouched_between_ends(base, block.bytes)
                                           : untouched_anywhere(base, block.bytes);
    }
  }
  return pages * page_size();
}

}  // namespace joist
