// A select over a table: its plan, and where it stands between slices.
#pragma once

#include <vector>

#include "bif/ets_access.h"
#include "vm/match/run.h"

namespace joist {

enum class SelectMode : uint8_t {
  kCollect,  // a list of the results
  kCount,    // how many results are true
  kDelete,   // the rows whose result is true; their number
  kReplace,  // rows by their results; the number
};

struct SelectPlan {
  SelectMode mode = SelectMode::kCollect;
  bool reverse = false;  // ordered sets: from the highest key
  int64_t chunk = 0;     // results at a time; 0: all
  MatchProgram program;

  // Which rows can match at all.
  bool nothing = false;
  std::vector<PackedTerm> keys;  // hash tables: only these, unless all_keys
  bool all_keys = true;
  PackedTerm pattern;  // ordered sets: a range of keys, if has_pattern
  bool has_pattern = false;
};

// What is still to be done.
struct SelectProgress {
  uint64_t position = 0;  // hash tables: in the store, or which of the plan's keys
  int64_t got = 0;
  bool fixed = false;  // the process holds the table fixed for it
  // Which of the terms beside it are there.
  bool has_last_key = false;
  bool has_limit = false;
  bool has_compiled = false;
};

// Finds out from the heads of the clauses which keys can match.
void plan_keys(SelectPlan& plan, const EtsTable& table, Term spec);

}  // namespace joist
