#include "vm/os/memory.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>

using namespace joist;

TEST_CASE("A reservation is aligned, and committed pages are zero and writable") {
  const size_t alignment = size_t{1} << 21;
  Result<Reservation> reserved = Reservation::reserve(alignment * 3 + 1, alignment);
  REQUIRE(reserved.ok());
  Reservation range = reserved.take();
  CHECK(reinterpret_cast<uintptr_t>(range.base()) % alignment == 0);
  CHECK(range.size() == alignment * 3 + page_size());

  const size_t page = page_size();
  REQUIRE(range.commit(page, page));
  CHECK(range.base()[page] == 0);
  range.base()[page] = 42;
  CHECK(range.base()[page] == 42);

  range.discard(page, page);
  CHECK(range.base()[page] == 0);
  range.base()[page] = 43;

  range.decommit(page, page);
  REQUIRE(range.commit(page, page));
  CHECK(range.base()[page] == 0);
}

TEST_CASE("contains is exact at both ends") {
  Reservation range = Reservation::reserve(page_size()).take();
  CHECK(range.contains(range.base()));
  CHECK(range.contains(range.base() + range.size() - 1));
  CHECK_FALSE(range.contains(range.base() + range.size()));
  CHECK_FALSE(range.contains(range.base() - 1));
}

TEST_CASE("An impossible reservation is an error") {
  CHECK_FALSE(Reservation::reserve(SIZE_MAX / 2).ok());
  CHECK_FALSE(Reservation::reserve(SIZE_MAX).ok());
}

TEST_CASE("Moving a reservation keeps its pages") {
  Reservation first = Reservation::reserve(page_size()).take();
  REQUIRE(first.commit(0, page_size()));
  first.base()[0] = 7;
  Reservation second = std::move(first);
  CHECK(first.base() == nullptr);
  CHECK(second.base()[0] == 7);
}

TEST_CASE("Large memory is zero, aligned and usable to its last byte") {
  for (size_t bytes : {size_t{4} << 20, (size_t{5} << 20) + 12345}) {
    auto* memory = static_cast<uint8_t*>(allocate_large(bytes, Pages::kHuge));
    REQUIRE(memory != nullptr);
    CHECK(reinterpret_cast<uintptr_t>(memory) % (size_t{2} << 20) == 0);
    CHECK(memory[0] == 0);
    memory[bytes - 1] = 1;
    free_large(memory, bytes);
  }
  CHECK(allocate_large(SIZE_MAX, Pages::kHuge) == nullptr);
  free_large(nullptr, 0);
}

TEST_CASE("what nobody has touched of a large block is told") {
  constexpr size_t kSize = size_t{64} << 20;
  constexpr size_t kHugePage = size_t{2} << 20;
  const size_t before = untouched_large_bytes();
  auto* memory = static_cast<uint8_t*>(allocate_large(kSize, Pages::kHuge));
  CHECK(untouched_large_bytes() == before + kSize);
  memory[0] = 1;
  memory[kSize - 1] = 1;
  CHECK(untouched_large_bytes() < before + kSize);
  CHECK(untouched_large_bytes() >= before + kSize - 2 * kHugePage);
  std::memset(memory, 1, kSize / 2);
  CHECK(untouched_large_bytes() <= before + kSize / 2);
  CHECK(untouched_large_bytes() >= before + kSize / 2 - 2 * kHugePage);
  touch_large(memory + kSize / 2, memory + kSize);
  CHECK(untouched_large_bytes() == before);
  free_large(memory, kSize);
  CHECK(untouched_large_bytes() == before);
}
