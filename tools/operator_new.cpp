// The allocator's own operator new ends the OS process without a word when memory runs out: that of
// mimalloc, which replaces malloc, never asks for the handler that is set. This one does.
#include <cstdlib>
#include <new>

#include "vm/base/check.h"

namespace {

void* or_end(void* memory) {
  if (memory == nullptr) joist::fatal("out of memory");
  return memory;
}

}  // namespace

void* operator new(size_t size) { return or_end(std::malloc(size == 0 ? 1 : size)); }
void* operator new[](size_t size) { return operator new(size); }
void* operator new(size_t size, std::align_val_t alignment) {
  void* memory = nullptr;
  const size_t bytes = size == 0 ? 1 : size;
  if (posix_memalign(&memory, static_cast<size_t>(alignment), bytes) != 0) memory = nullptr;
  return or_end(memory);
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return operator new(size, alignment);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
