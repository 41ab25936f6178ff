// How full a hash table is, as crash dumps tell it.
#pragma once

#include <algorithm>
#include <cstddef>

namespace joist {

struct HashFigures {
  size_t buckets = 0;
  size_t used = 0;  // buckets that are not empty
  size_t entries = 0;
  size_t longest = 0;  // most entries of a bucket
};

// Of one of the standard library's.
template <typename Table>
HashFigures hash_figures(const Table& table) {
  HashFigures figures = {table.bucket_count(), 0, table.size(), 0};
  for (size_t i = 0; i < figures.buckets; ++i) {
    const size_t length = table.bucket_size(i);
    if (length != 0) ++figures.used;
    figures.longest = std::max(figures.longest, length);
  }
  return figures;
}

}  // namespace joist
