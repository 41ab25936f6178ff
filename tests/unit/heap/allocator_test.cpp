#include "vm/heap/allocator.h"

#include <catch2/catch.hpp>

#include "vm/os/memory_count.h"

using namespace joist;

namespace {

size_t fragment_count(const Allocator& heap) {
  size_t count = 0;
  for (const Fragment* fragment = heap.fragments; fragment != nullptr; fragment = fragment->next) {
    ++count;
  }
  return count;
}

void fill(Allocator& heap, size_t words) {
  for (size_t i = 0; i < words; i += 2) {
    Word* pair = heap.alloc(2);
    pair[0] = pair[1] = Term::nil().bits();
  }
}

}  // namespace

TEST_CASE("filling takes few fragments") {
  Allocator heap;
  fill(heap, 100'000);
  REQUIRE(fragment_count(heap) <= 11);
}

TEST_CASE("however much has piled up, little of a fragment is left over") {
  constexpr size_t kMegabyte = (size_t{1} << 20) / sizeof(Word);
  Allocator heap;
  fill(heap, 16 * kMegabyte + 2);
  REQUIRE(heap.fragment_words <= 18 * kMegabyte);
  heap.alloc(5 * kMegabyte)[0] = make_header(Boxed::kFiller, 5 * kMegabyte - 1);
  REQUIRE(heap.fragments->capacity == 5 * kMegabyte);
}

TEST_CASE("what fragments take is counted, however large they are") {
  const int64_t before = counted_memory(MemoryUse::kProcesses);
  for (const size_t words : {size_t{10}, size_t{1} << 20, size_t{3} << 20}) {
    Allocator heap;
    heap.alloc(words)[words - 1] = Term::nil().bits();
    const int64_t counted = counted_memory(MemoryUse::kProcesses) - before;
    REQUIRE(counted >= static_cast<int64_t>(words * sizeof(Word)));
  }
  REQUIRE(counted_memory(MemoryUse::kProcesses) == before);
}
