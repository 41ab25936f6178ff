#include "vm/os/watched_blocks.h"

#include <catch2/catch.hpp>
#include <cstring>

namespace joist {
namespace {

size_t touched_binaries() { return touched_memory(MemoryUse::kBinaries); }

TEST_CASE("what nobody has touched of a large block does not count as touched") {
  const size_t size = GENERATE(size_t{3} << 20, size_t{64} << 20);
  const size_t slack = size / 8;  // a huge page may lie at each end
  const size_t before = touched_binaries();
  const int64_t counted = counted_memory(MemoryUse::kBinaries);
  auto* memory = static_cast<uint8_t*>(malloc_counted(size, MemoryUse::kBinaries));
  CHECK(counted_memory(MemoryUse::kBinaries) >= counted + static_cast<int64_t>(size));
  CHECK(touched_binaries() <= before + slack);
  std::memset(memory, 1, size / 2);
  CHECK(touched_binaries() >= before + size / 2);
  CHECK(touched_binaries() <= before + size / 2 + slack);
  std::memset(memory, 1, size);
  CHECK(touched_binaries() >= before + size);
  CHECK(touched_binaries() <= before + size + slack);
  free_counted(memory, MemoryUse::kBinaries);
  CHECK(touched_binaries() == before);
}

TEST_CASE("of a block of a megabyte what it is filled with counts, not what it is rounded up by") {
  constexpr size_t kSize = (size_t{1} << 20) + 40;
  constexpr size_t kBlocks = 32;
  constexpr size_t kSlack = kSize / 20;
  const size_t before = touched_binaries();
  void* blocks[kBlocks];
  for (void*& block : blocks) {
    block = malloc_counted(kSize, MemoryUse::kBinaries);
    std::memset(block, 1, kSize);
  }
  CHECK(touched_binaries() - before >= kBlocks * (kSize - kSlack));
  CHECK(touched_binaries() - before <= kBlocks * (kSize + kSlack));
  for (void*& block : blocks) {
    block = realloc_counted(block, kSize * 3 / 4, MemoryUse::kBinaries);
    CHECK(static_cast<uint8_t*>(block)[kSize * 3 / 4 - 1] == 1);
  }
  CHECK(touched_binaries() - before <= kBlocks * (kSize * 3 / 4 + kSlack));
  for (void* block : blocks) free_counted(block, MemoryUse::kBinaries);
  CHECK(touched_binaries() == before);
}

}  // namespace
}  // namespace joist
