// How big heaps are: the steps OTP uses, because programs see them through process_info/2 and
// tune min_heap_size by them.
#pragma once

#include <cstddef>

namespace joist {

// The smallest step that is at least `words`, and `further` steps on. Steps grow like Fibonacci's
// numbers up to about a million words, then by a fifth.
size_t next_heap_size(size_t words, size_t further = 0);

// The limit for off-heap bytes after a collection that left `live` of them, when it was `limit`:
// grows when three quarters are in use, shrinks when less than a quarter is.
size_t next_off_heap_limit(size_t live, size_t limit, size_t minimum);

}  // namespace joist
