#include "vm/heap/sizes.h"

#include <array>

namespace joist {

namespace {

constexpr size_t kSteps = 150;
constexpr size_t kFibonacciSteps = 23;  // then a fifth more each, from about 1.3 million words

constexpr std::array<size_t, kSteps> kHeapSizes = [] {
  std::array<size_t, kSteps> sizes{12, 38};
  for (size_t i = 2; i < kFibonacciSteps; ++i) sizes[i] = sizes[i - 1] + sizes[i - 2] + 1;
  for (size_t i = kFibonacciSteps; i < kSteps; ++i) sizes[i] = sizes[i - 1] + sizes[i - 1] / 5;
  return sizes;
}();
// As far as OTP goes: more than any address space, and still a number of bytes.
static_assert(kHeapSizes[5] == 233 && kHeapSizes[kSteps - 1] > size_t{1} << 49 &&
              kHeapSizes[kSteps - 1] < size_t{1} << 60);

}  // namespace

size_t next_heap_size(size_t words, size_t further) {
  size_t low = 0;
  size_t high = kSteps - 1;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (kHeapSizes[middle] < words) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  // A request beyond the last step is not to be had; malloc will say so.
  if (kHeapSizes[low] < words) return words;
  low += further;
  return kHeapSizes[low < kSteps ? low : kSteps - 1];
}

size_t next_off_heap_limit(size_t live, size_t limit, size_t minimum) {
  if (live / 3 > limit / 4) {
    while (live / 3 > limit / 4) limit += limit / 2 + limit / 8;
  } else if (live < limit / 4) {
    limit /= 2;
  }
  return limit < minimum ? minimum : limit;
}

}  // namespace joist
