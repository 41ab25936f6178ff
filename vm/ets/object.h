// A row of a table: one malloc'd block with its tuple packed behind a small head.
//
//   | next | hash, flags | words | off-heap list | tuple header | element... | what they lead to |
//
// Rows belong to exactly one table, or to the native that has just made them. What guards their
// fields is the lock of the stripe or leaf they are in; the tuple of a row changes only by
// set_element, under that lock held exclusively.
#pragma once

#include "vm/heap/packed.h"

namespace joist {

struct EtsObject {
  EtsObject* next;  // in the bucket of a hash table
  uint32_t hash;    // of its key; hash tables only
  bool dead;        // deleted while the table was fixed: only traversals see it
  bool flat;        // all elements are immediates
  size_t count;     // words of the packed tuple
  OffHeap* off_heap;
  Word words[];

  Term tuple() const { return Term::boxed(words); }
  size_t arity() const { return header_words(words[0]); }
  Term element(size_t position) const { return Term::from_bits(words[position]); }  // from 1
  // Any process may have it.
  Term copy(Allocator& to) const {
    if (!flat) return unpack_term_slow(to, tuple(), words, count, off_heap != nullptr);
    Word* target = to.alloc(count);
    for (size_t i = 0; i < count; ++i) target[i] = words[i];
    return Term::boxed(target);
  }
  // Elements that are immediates are replaced in place. False: it needs a new object.
  bool set_element(size_t position, Term value) {
    if (value.is_pointer() || element(position).is_pointer()) return false;
    words[position] = value.bits();
    return true;
  }
};

// A row for `tuple`, not in any table yet. hash is 0.
EtsObject* new_object(Term tuple);
void free_object(EtsObject* object);
// What ets:info(Tab, memory) counts for an object of a hash table or of an ordered one.
inline constexpr size_t kHashObjectWords = 4;
inline constexpr size_t kOrderedObjectWords = 5;

}  // namespace joist
