// What can be said of a pattern (the head of a match specification) without compiling it: which
// atoms are variables, and how much of a key it determines.
#pragma once

#include "vm/term/boxed.h"

namespace joist {

// N of the atom '$N'; -1: no variable.
int64_t match_variable(Term term);

// Whether only one term can match: no variables, no '_', no maps (a map in a pattern matches all
// maps that have its pairs).
bool is_fully_bound(Term pattern);

// Compares what `pattern` determines, from the left, with `key` in the standard order: 0 as soon
// as a part is met that is not determined. Keys for which it is 0 lie next to each other in the
// standard order, behind those where it is positive (pattern > key), before the others.
int compare_bound_part(Term pattern, Term key);

// Whether a body that matches `head` can only build a tuple with the same key at `position`
// (from 1), which is what ets:select_replace/2 demands.
bool keeps_key(Term head, Term body, size_t position);

}  // namespace joist
