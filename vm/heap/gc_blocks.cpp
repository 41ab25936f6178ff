#include "vm/heap/gc_blocks.h"

#include <cstdlib>

namespace joist {

Word* allocate_block(size_t words) {
  size_t bytes;
  if (__builtin_mul_overflow(words, sizeof(Word), &bytes)) return nullptr;
  return static_cast<Word*>(malloc(bytes));
}

void free_block(Word* block) { free(block); }

}  // namespace joist
