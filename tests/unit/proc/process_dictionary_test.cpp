#include "vm/proc/process_dictionary.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "vm/heap/builder.h"

using namespace joist;

TEST_CASE("a dictionary agrees with a map through random changes") {
  Allocator heap;
  std::mt19937 random(11);
  for (int keys : {3, 8, 20, 500}) {
    ProcessDictionary dictionary;
    std::map<int, int> model;
    for (int round = 0; round < 20000; ++round) {
      int number = static_cast<int>(random() % static_cast<unsigned>(keys));
      Term key = number % 2 == 0 ? Term::small(number) : make_tuple(heap, {Term::small(number)});
      auto known = model.find(number);
      Term expected = known == model.end() ? Term::none() : Term::small(known->second);
      switch (random() % 3) {
        case 0:
          CHECK(dictionary.erase(key) == expected);
          model.erase(number);
          break;
        case 1:
          CHECK(dictionary.put(key, Term::small(round)) == expected);
          model[number] = round;
          break;
        default:
          CHECK(dictionary.get(key) == expected);
      }
      REQUIRE(dictionary.size() == model.size());
    }
    dictionary.clear();
    CHECK(dictionary.get(Term::small(0)).is_none());
  }
}
