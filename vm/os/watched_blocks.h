// Memory that counts by what is resident of it. Of a large block from malloc nobody may have
// touched the end or the middle: the free part of a heap, or what the allocator has rounded a size
// up by. Such blocks are noted, so that what is untouched can be asked for. Like the counts of
// memory_count.h, one set for all VMs in this OS process.
#pragma once

#include "vm/os/memory_count.h"

namespace joist {

// Blocks smaller than this are not noted: it would take as long as filling them.
inline constexpr size_t kWatchedBytes = size_t{128} << 10;

// Any thread. A block counts until it is uncounted, with the same size, before it is freed.
void count_block(const void* block, size_t bytes, MemoryUse use);
void uncount_block(const void* block, size_t bytes, MemoryUse use);
// realloc that counts. What is cut off a large block is no longer resident.
void* realloc_counted(void* memory, size_t bytes, MemoryUse use);

// What is counted less what is not resident of large blocks. Those that are being freed wait for
// the answer, which takes some microseconds a block.
size_t touched_memory(MemoryUse use);
// What the system has swapped out of this OS process.
size_t swapped_bytes();

}  // namespace joist
