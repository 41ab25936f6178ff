// Making maps: every function returns a new map that shares what it can with the old one.
#pragma once

#include <span>

#include "vm/heap/allocator.h"
#include "vm/term/map.h"

namespace joist {

Term make_empty_map(Allocator& heap);
// From `count` pairs key, value, key, value... in any order; of equal keys the last wins.
Term make_map(Allocator& heap, std::span<const Term> pairs);
// A flat map over an existing sorted keys tuple (a literal, usually): at most kFlatMapLimit.
Term make_flat_map(Allocator& heap, Term keys_tuple, std::span<const Term> values);
// Map with key bound to value.
Term map_put(Allocator& heap, Term map, Term key, Term value);
// The same for many pairs at once (put_map_assoc).
Term map_put_all(Allocator& heap, Term map, std::span<const Term> pairs);
// As map_put, but none() when the key is not there (put_map_exact, maps:update/3).
Term map_update(Allocator& heap, Term map, Term key, Term value);
// The map itself when the key is not there.
Term map_remove(Allocator& heap, Term map, Term key);

}  // namespace joist
