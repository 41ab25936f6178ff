// --op-stats: what a run executed.
#include "tools/cli/op_stats.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace joist::cli {

void print_op_stats(const OpCounts& counts) {
  struct Row {
    uint64_t count;
    size_t first;
    size_t second;
  };
  constexpr size_t kRows = 40;
  std::vector<Row> ops;
  std::vector<Row> pairs;
  uint64_t total = 0;
  for (size_t i = 0; i < kOpCount; ++i) {
    total += counts.executed[i];
    if (counts.executed[i] != 0) ops.push_back({counts.executed[i], i, i});
    for (size_t k = 0; k < kOpCount; ++k) {
      if (counts.pairs[i][k] != 0) pairs.push_back({counts.pairs[i][k], i, k});
    }
  }
  const auto more = [](const Row& a, const Row& b) { return a.count > b.count; };
  std::sort(ops.begin(), ops.end(), more);
  std::sort(pairs.begin(), pairs.end(), more);
  std::fprintf(stderr, "%llu instructions executed\n", static_cast<unsigned long long>(total));
  const auto percent = [total](uint64_t count) {
    return 100.0 * static_cast<double>(count) / static_cast<double>(total);
  };
  for (size_t i = 0; i < std::min(kRows, ops.size()); ++i) {
    std::fprintf(stderr, "%6.2f %%  %s\n", percent(ops[i].count), kOpInfo[ops[i].first].name);
  }
  std::fputs("pairs\n", stderr);
  for (size_t i = 0; i < std::min(kRows, pairs.size()); ++i) {
    std::fprintf(stderr, "%6.2f %%  %s %s\n", percent(pairs[i].count), kOpInfo[pairs[i].first].name,
                 kOpInfo[pairs[i].second].name);
  }
}

}  // namespace joist::cli
