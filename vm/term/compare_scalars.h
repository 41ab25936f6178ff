// The order of terms that hold no other terms, and of what heads those that do: parts of
// vm/term/compare.h.
#pragma once

#include <vector>

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

// Indices of a native record's fields by name.
std::vector<uint32_t> fields_in_order(const RecordDefinition& definition);
// By what the definitions declare, their fields taken in the given orders.
int compare_definitions(const RecordDefinition& a, const uint32_t* a_order,
                        const RecordDefinition& b, const uint32_t* b_order);

}  // namespace joist
