// How many bytes are in use for what, in this OS process: like the allocator behind them, these
// sums are one for all VMs in it. Each thread adds to its own, so that counting costs a few
// instructions; readers add them up.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vm/base/check.h"

namespace joist {

enum class MemoryUse : uint8_t {
  kProcesses,  // records, heaps, messages
  kBinaries,   // off-heap binaries
};
inline constexpr size_t kMemoryUses = 2;

// Any thread; negative for what is freed, maybe by another one.
void count_memory(MemoryUse use, int64_t bytes);
int64_t counted_memory(MemoryUse use);

// What a piece of memory from malloc really takes.
size_t allocated_bytes(void* memory);
// About the same for a piece whose size is known, without asking the allocator.
constexpr int64_t usual_bytes(size_t asked) { return static_cast<int64_t>(asked + asked / 16); }
// malloc and free that count.
void* malloc_counted(size_t bytes, MemoryUse use);
void free_counted(void* memory, MemoryUse use);

// For containers whose nodes count.
template <typename T, MemoryUse kUse>
struct CountedAllocator {
  using value_type = T;
  // The names are those of the standard's allocator requirements.
  // NOLINTBEGIN(readability-identifier-naming)
  template <typename U>
  struct rebind {
    using other = CountedAllocator<U, kUse>;
  };
  // NOLINTEND(readability-identifier-naming)
  CountedAllocator() = default;
  template <typename U>
  CountedAllocator(const CountedAllocator<U, kUse>&) {}
  T* allocate(size_t count) {
    void* memory = malloc_counted(count * sizeof(T), kUse);
    if (memory == nullptr) fatal("out of memory: %zu bytes", count * sizeof(T));
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t) { free_counted(memory, kUse); }
  bool operator==(const CountedAllocator&) const { return true; }
};

// Resident bytes of this OS process, by the system's word; 0: it does not tell.
size_t resident_bytes();
// Gives what the calling thread has freed, or others have freed of what it once allocated, back to
// the system. Takes milliseconds for each gigabyte.
void return_free_memory();

}  // namespace joist
