#include "vm/heap/literals.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

using namespace joist;

TEST_CASE("Areas lie in the range, do not overlap and are reused") {
  LiteralSpace literals;
  REQUIRE(literals.create(size_t{8} << 20));
  std::mt19937 random(1);
  std::vector<LiteralSpace::Area> areas;
  for (size_t round = 0; round < 5000; ++round) {
    if (random() % 2 == 0 || areas.empty()) {
      LiteralSpace::Area area = literals.allocate(1 + random() % (random() % 50 == 0 ? 80000 : 50));
      if (area.words == nullptr) continue;
      CHECK(literals.contains(area.words));
      CHECK(literals.contains(area.words + area.count - 1));
      for (size_t i = 0; i < area.count; ++i) area.words[i] = areas.size() + 1;
      area.words[0] = reinterpret_cast<Word>(area.words);
      areas.push_back(area);
    } else {
      const size_t i = random() % areas.size();
      REQUIRE(areas[i].words[0] == reinterpret_cast<Word>(areas[i].words));
      literals.release(areas[i]);
      CHECK(areas[i].words == nullptr);
      areas[i] = areas.back();
      areas.pop_back();
    }
  }
  for (LiteralSpace::Area& area : areas) {
    REQUIRE(area.words[0] == reinterpret_cast<Word>(area.words));
    literals.release(area);
  }
  CHECK(literals.used_bytes() == 0);
  // All is one free range again.
  LiteralSpace::Area whole = literals.allocate(size_t{7} << 17);
  CHECK(whole.words != nullptr);
  literals.release(whole);
}

TEST_CASE("A full range refuses") {
  LiteralSpace literals;
  REQUIRE(literals.create(size_t{1} << 20));
  CHECK(literals.allocate(size_t{1} << 18).words == nullptr);
  CHECK(literals.allocate(0).words == nullptr);
  LiteralSpace::Area area = literals.allocate(1000);
  CHECK(area.words != nullptr);
  literals.release(area);
}
