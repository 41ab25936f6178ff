#include "bif/persistent.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/heap/literal_gc.h"
#include "vm/term/atom.h"
#include "vm/term/compare.h"

using namespace joist;

namespace {

struct Fixture {
  Fixture() { REQUIRE(literals.create(size_t{1} << 24)); }
  LiteralSpace literals;
  RetiredLiterals retired{literals};
  PersistentTerms table{literals, retired};
  Allocator heap;
};

Term key_of(Allocator& heap, int number) {
  return make_tuple(heap, {Term::small(number), make_string(heap, "key")});
}

}  // namespace

TEST_CASE("The table agrees with a map through random puts and erases") {
  Fixture f;
  std::map<int, int> model;
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    const int number = static_cast<int>(random() % 300);
    const int value = static_cast<int>(random() % 5);
    Allocator scratch;
    const Term key = key_of(scratch, number);
    switch (random() % 4) {
      case 0:
        CHECK(f.table.erase(key) == (model.erase(number) == 1));
        break;
      case 1: {
        const bool differs = model.count(number) == 1 && model[number] != value;
        CHECK((f.table.put(key, Term::small(value), PersistentTerms::PutMode::kOnlyNew) ==
               PersistentTerms::PutResult::kOtherValue) == differs);
        if (!differs) model[number] = value;
        break;
      }
      default:
        CHECK(f.table.put(key, Term::small(value), PersistentTerms::PutMode::kReplace) ==
              PersistentTerms::PutResult::kDone);
        model[number] = value;
    }
    CHECK(f.table.count() == model.size());
  }
  for (int number = 0; number < 300; ++number) {
    const Term value = f.table.get(key_of(f.heap, number));
    CHECK(value == (model.count(number) == 1 ? Term::small(model[number]) : Term::none()));
  }
  CHECK(f.table.pairs().size() == model.size());
}

TEST_CASE("Keys are told apart exactly") {
  Fixture f;
  const Term integer = make_tuple(f.heap, {Term::small(1)});
  const Term real = make_tuple(f.heap, {make_float(f.heap, 1.0)});
  f.table.put(integer, atoms::ok, PersistentTerms::PutMode::kReplace);
  CHECK(f.table.get(integer) == atoms::ok);
  CHECK(f.table.get(real).is_none());
}

TEST_CASE("A replaced value is retired, and released when a heap has copied it") {
  Fixture f;
  const Term key = make_string(f.heap, "k");
  const auto put = [&](const char* text) {
    f.table.put(key, make_string(f.heap, text), PersistentTerms::PutMode::kReplace);
  };
  Heap heap;
  REQUIRE(heap.create({}, &f.literals));
  put("first");
  const Term first = f.table.get(key);
  CHECK(f.literals.contains(first));
  Term root = make_tuple(heap, {Term::small(0), first.tail()});
  const size_t one = f.literals.used_bytes();
  put("first");  // the same: nothing is replaced
  CHECK(f.table.get(key) == first);
  CHECK_FALSE(f.retired.take_news());
  put("second");
  put("third");
  CHECK(f.retired.take_news());
  CHECK_FALSE(f.retired.take_news());

  CHECK(f.retired.next_round());
  CHECK(copy_size(first, &f.literals) != 0);
  CHECK(f.retired.next_round());
  CHECK(f.literals.contains(first));
  CHECK_FALSE(f.literals.contains(copy_term(heap, first, &f.literals)));
  CHECK(f.retired.searched() == nullptr);
  CHECK(f.retired.next_round());
  REQUIRE(f.retired.searched() != nullptr);
  RootSet roots;
  roots.add({&root, 1});
  REQUIRE(copy_leaving_literals_gc(heap, roots, *f.retired.searched()));
  verify_heap(heap, roots);
  CHECK_FALSE(f.literals.contains(tuple_elements(root)[1]));
  CHECK_FALSE(f.retired.next_round());
  CHECK(exact_equal(tuple_elements(root)[1], make_string(f.heap, "irst")));
  CHECK(exact_equal(f.table.get(key), make_string(f.heap, "third")));
  CHECK(f.literals.used_bytes() == one);
  CHECK_FALSE(f.retired.next_round());
}

TEST_CASE("Off-heap binaries live in the table and die with it") {
  static int alive = 0;
  static Binary::Destroy inner = nullptr;
  {
    Fixture f;
    {
      Allocator scratch;
      Binary* binary = new_binary(1000);
      ++alive;
      inner = binary->destroy;
      binary->destroy = [](Binary* dead) {
        --alive;
        inner(dead);
      };
      f.table.put(atoms::ok, make_bits_of(scratch, binary, 8000),
                  PersistentTerms::PutMode::kReplace);
    }
    CHECK(alive == 1);
    f.table.erase(atoms::ok);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}
