// Arguments of the natives that work on binaries.
#pragma once

#include "vm/term/bits.h"

namespace joist {

// A size or position: no negative number, and nothing larger than any binary can be.
inline bool size_argument(Term term, size_t* value) {
  if (!term.is_small() || term.small_value() < 0) return false;
  *value = static_cast<size_t>(term.small_value());
  return true;
}

struct Part {
  size_t start;
  size_t length;
};

// The part of `size` bytes that start and length say; a negative length goes back from start.
// False: not inside.
inline bool part_arguments(Term start, Term length, size_t size, Part* part) {
  if (!size_argument(start, &part->start) || !length.is_small()) return false;
  int64_t count = length.small_value();
  part->length = static_cast<size_t>(count < 0 ? -count : count);
  if (part->start > size) return false;
  if (count >= 0) return part->length <= size - part->start;
  if (part->length > part->start) return false;
  part->start -= part->length;
  return true;
}

// The same from {Start, Length}.
inline bool part_argument(Term pair, size_t size, Part* part) {
  if (!is_tuple(pair) || tuple_size(pair) != 2) return false;
  return part_arguments(tuple_elements(pair)[0], tuple_elements(pair)[1], size, part);
}

}  // namespace joist
