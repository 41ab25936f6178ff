#include "vm/os/memory_count.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <map>

#include "vm/os/memory.h"
#include "vm/os/thread.h"

namespace joist {
namespace {

int64_t processes() { return counted_memory(MemoryUse::kProcesses); }

// Large blocks are given back by a thread of their own.
bool waits_until_resident(size_t bytes) {
  constexpr int kPatience = 5000;
  int waited = 0;
  while (resident_bytes() > bytes && ++waited < kPatience) usleep(1000);
  return waited < kPatience;
}

TEST_CASE("what one thread allocates and another frees counts once") {
  const int64_t before = processes();
  void* memory = malloc_counted(100'000, MemoryUse::kProcesses);
  CHECK(processes() - before >= 100'000);
  CHECK(counted_memory(MemoryUse::kBinaries) >= 0);
  Result<Thread> thread =
      Thread::start("freeing", [memory] { free_counted(memory, MemoryUse::kProcesses); });
  REQUIRE(thread.ok());
  thread.value().join();
  CHECK(processes() == before);
}

TEST_CASE("nodes of a counted container count") {
  using Map = std::map<int, int, std::less<>,
                       CountedAllocator<std::pair<const int, int>, MemoryUse::kBinaries>>;
  const int64_t before = counted_memory(MemoryUse::kBinaries);
  {
    Map map;
    for (int i = 0; i < 1000; ++i) map[i] = i;
    CHECK(counted_memory(MemoryUse::kBinaries) - before >= 1000 * 40);
  }
  CHECK(counted_memory(MemoryUse::kBinaries) == before);
}

TEST_CASE("large memory is given back, if not at once") {
  constexpr size_t kSize = size_t{64} << 20;
  const size_t before = resident_bytes();
  for (int round = 0; round < 5; ++round) {
    void* memory = malloc_counted(kSize, MemoryUse::kProcesses);
    void* mapped = allocate_large(kSize, Pages::kHuge);
    std::memset(memory, 1, kSize);
    std::memset(mapped, 1, kSize);
    CHECK(resident_bytes() >= before + 2 * kSize);
    const int64_t counted = processes();
    free_counted(memory, MemoryUse::kProcesses);
    free_large(mapped, kSize);
    CHECK(processes() <= counted - static_cast<int64_t>(kSize));
    CHECK(waits_until_resident(before + kSize / 2));
  }
}

TEST_CASE("touching memory makes it resident") {
  constexpr size_t kBytes = size_t{64} << 20;
  const size_t before = resident_bytes();
  auto* memory = static_cast<volatile char*>(malloc_counted(kBytes, MemoryUse::kProcesses));
  for (size_t i = 0; i < kBytes; i += 4096) memory[i] = 1;
  CHECK(resident_bytes() >= before + kBytes / 2);
  free_counted(const_cast<char*>(memory), MemoryUse::kProcesses);
  return_free_memory();
  CHECK(waits_until_resident(before + kBytes / 2));
}

}  // namespace
}  // namespace joist
