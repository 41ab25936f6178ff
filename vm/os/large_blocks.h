// The large blocks of this OS process, malloc's (vm/os/watched_blocks.h) and those straight from
// the system (allocate_large of vm/os/memory.h), so that what nobody has touched of them can be
// asked for. One set for all VMs, as there is one address space. For vm/os/*.cpp only.
#pragma once

#include "vm/os/memory_count.h"

namespace joist {

// What is known of the pages that have been touched.
enum class Touched : uint8_t {
  kAnywhere,  // nothing
  kAtEnds,    // they lie side by side at the beginning and at the end, as in heaps with a stack
};

// Any thread.
void note_large_block(const void* block, size_t bytes, MemoryUse use, Touched touched);
void forget_large_block(const void* block);

// Bytes that are not resident in the blocks of that use. Those that are being freed wait for the
// answer, which takes some microseconds a block.
size_t untouched_bytes(MemoryUse use, Touched touched);

}  // namespace joist
