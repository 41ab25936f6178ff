#include "vm/os/entropy.h"

#include <catch2/catch.hpp>
#include <set>

using namespace joist;

TEST_CASE("Seeds differ") {
  SystemEntropy entropy;
  std::set<uint64_t> seeds;
  for (int i = 0; i < 1000; ++i) seeds.insert(entropy.seed());
  CHECK(seeds.size() == 1000);
}
