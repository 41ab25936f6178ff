#include "vm/heap/gc_blocks.h"

#include <cstdlib>

#include "vm/os/memory.h"
#include "vm/os/memory_count.h"

namespace joist {

namespace {

// From here on a block comes from the system: malloc would map and unmap it all the same, but on
// small pages, whose faults cost more than filling them.
constexpr size_t kLargeBytes = size_t{4} << 20;

constexpr MemoryUse kUse = MemoryUse::kProcesses;

}  // namespace

Word* allocate_block(size_t words) {
  size_t bytes;
  if (__builtin_mul_overflow(words, sizeof(Word), &bytes)) return nullptr;
  if (bytes < kLargeBytes) return static_cast<Word*>(malloc_counted(bytes, kUse));
  void* block = allocate_large(bytes, Pages::kHuge);
  if (block != nullptr) count_memory(kUse, static_cast<int64_t>(bytes));
  return static_cast<Word*>(block);
}

void free_block(Word* block, size_t words) {
  const size_t bytes = words * sizeof(Word);
  if (bytes < kLargeBytes) return free_counted(block, kUse);
  count_memory(kUse, -static_cast<int64_t>(bytes));
  free_large(block, bytes);
}

void* allocate_piece(size_t bytes) {
  void* piece;
  if (bytes < kLargeBytes) {
    piece = malloc(bytes);
    if (piece != nullptr) count_memory(kUse, usual_bytes(bytes));
  } else {
    piece = allocate_large(bytes, Pages::kSmall);  // schedulers fill it
    if (piece != nullptr) count_memory(kUse, static_cast<int64_t>(bytes));
  }
  return piece;
}

void free_piece(void* piece, size_t bytes) {
  if (bytes < kLargeBytes) {
    count_memory(kUse, -usual_bytes(bytes));
    return free(piece);
  }
  count_memory(kUse, -static_cast<int64_t>(bytes));
  free_large(piece, bytes);
}

void prepare_words(Word* first, Word* end, size_t words) {
  if (words * sizeof(Word) >= kLargeBytes) touch_large(first, end);
}

}  // namespace joist
