// Where the blocks of heaps, their fragments and signals come from.
#pragma once

#include "vm/term/term.h"

namespace joist {

// nullptr: no memory. Fresh words are uninitialised.
Word* allocate_block(size_t words);
void free_block(Word* block, size_t words);
// The same for a fragment or a signal. They are small as a rule, and their size is known when they
// are freed: what the allocator really takes is not asked for.
void* allocate_piece(size_t bytes);
void free_piece(void* piece, size_t bytes);
// Has the memory of a part of a block, which has `words`, ready where touching it for the first
// time would take long.
void prepare_words(Word* first, Word* end, size_t words);

}  // namespace joist
