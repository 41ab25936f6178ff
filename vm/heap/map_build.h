// Making maps: every function returns a new map that shares what it can with the old one. When
// nothing would change (the same word is already there) the old map itself is the result.
#pragma once

#include <memory>
#include <span>

#include "vm/base/progress.h"
#include "vm/heap/allocator.h"
#include "vm/term/map.h"

namespace joist {

Term make_empty_map(Allocator& heap);
// From pairs key, value, key, value... in any order; of equal keys the last pair wins.
Term make_map(Allocator& heap, std::span<const Term> pairs);
// The same of many pairs, in slices.
class GradualMap {
 public:
  // Of `count` pairs, more than kFlatMapLimit, each of which add() brings before run().
  GradualMap(Allocator& heap, size_t count);
  ~GradualMap();
  GradualMap(GradualMap&& other) noexcept;
  void add(Term key, Term value);
  Progress run(int64_t* budget);
  Term result() const;

 private:
  struct Trie;
  Allocator& heap_;
  std::unique_ptr<Trie> trie_;
};
// A flat map over an existing sorted keys tuple (a literal, usually): at most kFlatMapLimit.
Term make_flat_map(Allocator& heap, Term keys_tuple, std::span<const Term> values);
// Map with key bound to value.
Term map_put(Allocator& heap, Term map, Term key, Term value);
// The same for many pairs at once (put_map_assoc).
Term map_put_all(Allocator& heap, Term map, std::span<const Term> pairs);
// As map_put, but none() when the key is not there (put_map_exact, maps:update/3).
Term map_update(Allocator& heap, Term map, Term key, Term value);
// The same for many pairs at once (put_map_exact). When a key is not there the result is none()
// and *missing the key.
Term map_update_all(Allocator& heap, Term map, std::span<const Term> pairs, Term* missing);
// The map itself when the key is not there.
Term map_remove(Allocator& heap, Term map, Term key);
// All pairs of both; where both have a key, the value is b's (maps:merge/2).
Term map_merge(Allocator& heap, Term a, Term b);

}  // namespace joist
