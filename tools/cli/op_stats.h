// --op-stats: what a run executed, to decide which instructions deserve to be merged.
#pragma once

#include "vm/code/op_counts.h"

namespace joist::cli {

// The most executed ops and pairs of neighbours, on standard error.
void print_op_stats(const OpCounts& counts);

}  // namespace joist::cli
