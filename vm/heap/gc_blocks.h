// Where the blocks of heaps come from.
#pragma once

#include "vm/term/term.h"

namespace joist {

// nullptr: no memory. Fresh words are uninitialised.
Word* allocate_block(size_t words);
void free_block(Word* block, size_t words);
// Has the memory of a part of a block, which has `words`, ready where touching it for the first
// time would take long.
void prepare_words(Word* first, Word* end, size_t words);

}  // namespace joist
