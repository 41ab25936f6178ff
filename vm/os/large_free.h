// Memory whose return takes the system milliseconds (a fraction of one for each megabyte of small
// pages) is given back by a thread of its own, so that a scheduler need not wait.
#pragma once

#include <cstddef>

namespace joist {

// From here on that pays.
inline constexpr size_t kLongToFree = size_t{8} << 20;

// free() and munmap(), soon.
void free_aside(void* memory);
void unmap_aside(void* memory, size_t bytes);

}  // namespace joist
