// Getting rid of references to literals that are about to be released.
#pragma once

#include "vm/heap/heap.h"
#include "vm/heap/leaving_literals.h"

namespace joist {

// A full collection after which neither the heap nor the roots refer to those literals; nothing if
// they do not. False: out of memory or over max_heap_words; the heap is then still valid,
// uncollected.
bool copy_leaving_literals_gc(Heap& heap, const RootSet& roots, const LeavingLiterals& leaving);

}  // namespace joist
