// Hashes of terms. phash and phash2 are part of the language: their values are the same in all
// releases and on all machines. The internal hash is Joist's own and may change with any build.
// All are iterative.
#pragma once

#include "vm/term/boxed.h"

namespace joist {

// erlang:phash2/1 before the reduction to a range: 32 bits.
uint32_t phash2(Term term);
// The hash behind erlang:phash/2: 32 bits.
uint32_t phash(Term term);

// For hash maps and tables: terms that are exact_equal() have the same hash wherever they lie.
// Depends on the release where exact_equal() does (0.0 and -0.0).
uint32_t internal_hash(Term term);

}  // namespace joist
