#include "vm/codec/magic_table.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "vm/heap/builder.h"

using namespace joist;

namespace {

std::atomic<int> destroyed{0};

void destroy(Binary* object) {
  MagicTable::forget(object);
  ++destroyed;
  free(object);
}

Binary* new_object() {
  auto* object = static_cast<Binary*>(malloc(sizeof(Binary)));
  *object = Binary{1, destroy, 0, nullptr, 0};
  return object;
}

RefNumbers numbers(uint32_t n) { return {3, {n % (1 << 18), n, 7, 0, 0}}; }

}  // namespace

TEST_CASE("an object is found while it lives, and only if it was kept") {
  MagicTable table;
  {
    Allocator heap;
    const Term kept = make_magic_ref(heap, numbers(1), new_object());
    make_magic_ref(heap, numbers(2), new_object());
    REQUIRE(table.find(numbers(1)) == nullptr);
    table.keep(kept);
    table.keep(kept);
    REQUIRE(table.size() == 1);
    Binary* found = table.find(numbers(1));
    REQUIRE(found == reinterpret_cast<OffHeap*>(kept.object())->binary);
    REQUIRE(found->reference_count == 2);
    found->release();
    REQUIRE(table.find(numbers(2)) == nullptr);
    REQUIRE(table.find({3, {1, 2, 7, 0, 0}}) == nullptr);
  }
  REQUIRE(table.size() == 0);
  REQUIRE(table.find(numbers(1)) == nullptr);
  REQUIRE(destroyed == 2);
}

TEST_CASE("finding an object that others let go either keeps it alive or does not find it") {
  constexpr uint32_t kObjects = 20000;
  destroyed = 0;
  MagicTable table;
  std::atomic<uint32_t> newest{0};
  auto find_some = [&] {
    for (uint32_t n = 0; n < kObjects; n = newest.load()) {
      Binary* found = table.find(numbers(n));
      if (found == nullptr) continue;
      found->release();
    }
  };
  std::thread finders[] = {std::thread(find_some), std::thread(find_some)};
  for (uint32_t n = 0; n < kObjects; ++n) {
    Allocator heap;
    table.keep(make_magic_ref(heap, numbers(n), new_object()));
    newest = n;
    if (n % 64 == 0) std::this_thread::yield();
  }
  newest = kObjects;
  for (std::thread& finder : finders) finder.join();
  REQUIRE(table.size() == 0);
  REQUIRE(destroyed == static_cast<int>(kObjects));
}
