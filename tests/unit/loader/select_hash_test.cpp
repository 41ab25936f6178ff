#include "loader/select_hash.h"

#include <catch2/catch.hpp>

using namespace joist;

namespace {

// Every word has its own place, and the places hold nothing else.
void check(const std::vector<Word>& words) {
  const auto hash = find_select_hash(words);
  REQUIRE(hash.mask != 0);
  size_t taken = 0;
  for (const size_t place : hash.places) taken += place != SelectHash::kNobody ? 1 : 0;
  CHECK(taken == words.size());
  CHECK((hash.mask + SelectHash::kPlaceBytes) / SelectHash::kPlaceBytes == hash.places.size());
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t offset = words[i] * hash.factor >> 32 & hash.mask;
    REQUIRE(offset % SelectHash::kPlaceBytes == 0);
    CHECK(hash.places[offset / SelectHash::kPlaceBytes] == i);
  }
}

}  // namespace

TEST_CASE("a select's hash table tells all its words apart") {
  for (size_t count = 2; count <= 12; ++count) {
    std::vector<Word> atoms;
    std::vector<Word> smalls;
    for (size_t i = 0; i < count; ++i) {
      atoms.push_back(Term::atom(static_cast<uint32_t>(100 + i * i)).bits());
      smalls.push_back(Term::small(static_cast<int64_t>(i * i * i * 1000) - 5000).bits());
    }
    check(atoms);
    check(smalls);
  }
}

TEST_CASE("a select's hash table is the same each time, and has a limit") {
  std::vector<Word> words;
  for (size_t i = 0; i < 9; ++i) words.push_back(Term::small(static_cast<int64_t>(i * 77)).bits());
  const SelectHash first = find_select_hash(words);
  const SelectHash second = find_select_hash(words);
  CHECK(first.factor == second.factor);
  CHECK(first.places == second.places);
  words.resize(100);
  for (size_t i = 0; i < 100; ++i) words[i] = Term::small(static_cast<int64_t>(i * 77)).bits();
  const SelectHash none = find_select_hash(words);
  CHECK(none.mask == 0);
  REQUIRE(none.places.size() == 100);
  CHECK(none.places[42] == 42);
}
