#include "vm/heap/gc_blocks.h"

#include <cstdlib>

#include "vm/os/memory.h"

namespace joist {

namespace {

// From here on a block comes from the system: malloc would map and unmap it all the same, but on
// small pages, whose faults cost more than filling them.
constexpr size_t kLargeBytes = size_t{4} << 20;

}  // namespace

Word* allocate_block(size_t words) {
  size_t bytes;
  if (__builtin_mul_overflow(words, sizeof(Word), &bytes)) return nullptr;
  return static_cast<Word*>(bytes >= kLargeBytes ? allocate_large(bytes) : malloc(bytes));
}

void free_block(Word* block, size_t words) {
  const size_t bytes = words * sizeof(Word);
  bytes >= kLargeBytes ? free_large(block, bytes) : free(block);
}

}  // namespace joist
