// The order of terms that hold no other terms, and of what heads those that do: parts of
// vm/term/compare.h.
#pragma once

#include "vm/term/boxed.h"

namespace joist {

// Terms of different ranks are ordered by rank.
enum class TypeRank : uint8_t {
  kNumber,
  kAtom,
  kReference,
  kFun,
  kPort,
  kPid,
  kTuple,
  kRecord,
  kMap,
  kNil,
  kList,
  kBits,
};
TypeRank type_rank(Term term);

// Negative, zero, positive. Exact: integers before floats, and -0.0 before 0.0 where they differ.
int compare_numbers(Term a, Term b, bool exact);
int compare_references(Term a, Term b);
int compare_ports(Term a, Term b);
int compare_pids(Term a, Term b);
int compare_export_funs(Term a, Term b);
// Without the environments' contents.
int compare_fun_identities(Term a, Term b);

// By what the definitions declare; fields in the order in which they were defined.
int compare_definitions(const RecordDefinition& a, const RecordDefinition& b);

}  // namespace joist
