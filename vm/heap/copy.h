// Size and deep copy of terms, iterative; literals are shared, not copied.
#pragma once

#include "vm/heap/allocator.h"
#include "vm/heap/literals.h"

namespace joist {

// Words that copy_term needs for `term` (0 for immediates and literals). Shared subterms count
// once for each occurrence, as in ERTS. `literals` may be null: then literals count too.
size_t copy_size(Term term, const LiteralSpace* literals);

// The same, but kMoreWords as soon as it is more than `limit`.
inline constexpr size_t kMoreWords = SIZE_MAX;
size_t copy_size_up_to(Term term, const LiteralSpace* literals, size_t limit);

// Whether a walk over the term that reads its binaries, too, goes over more than so many words.
bool is_larger_than(Term term, size_t words);
// One that takes a walk a good part of a slice.
inline constexpr size_t kLargeTermWords = size_t{64} << 10;

// Deep copy into `to` in one piece of copy_size(term) words. Off-heap binaries gain a
// reference and are linked to `to`.
Term copy_term(Allocator& to, Term term, const LiteralSpace* literals);

// The same for who knows copy_size(term, literals) already, which must not be asked again: what
// counts may have changed meanwhile (vm/heap/leaving_literals.h).
Term copy_term_of_size(Allocator& to, Term term, size_t words, const LiteralSpace* literals);
inline Term copy_measured(Allocator& to, Term term, size_t words, const LiteralSpace* literals) {
  return words == 0 ? term : copy_term_of_size(to, term, words, literals);
}

// Copies `term` into a new literal area (nothing to do for immediates: area.count is 0). What is
// a literal already is copied too, so that areas live and die independently of each other.
// none(): the literal space is full.
Term copy_to_literals(LiteralSpace& literals, Term term, LiteralSpace::Area* area);

// The same, with what the term shares shared in the copy, too: a walk with a map of all objects.
Term copy_shared_to_literals(LiteralSpace& literals, Term term, LiteralSpace::Area* area);

// erts_debug:size/1 (shared subterms once) and erts_debug:flat_size/1, in words.
size_t shared_size(Term term);
size_t flat_size(Term term);

}  // namespace joist
