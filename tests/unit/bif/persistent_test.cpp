#include "bif/persistent.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

#include "vm/heap/builder.h"
#include "vm/term/atom.h"
#include "vm/term/compare.h"

using namespace joist;

namespace {

struct Fixture {
  Fixture() { REQUIRE(literals.create(size_t{1} << 24)); }
  LiteralSpace literals;
  PersistentTerms table{literals};
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

TEST_CASE("A replaced value lives as long as a heap refers to it") {
  Fixture f;
  const Term key = make_string(f.heap, "k");
  const auto put = [&](const char* text) {
    f.table.put(key, make_string(f.heap, text), PersistentTerms::PutMode::kReplace);
  };
  Heap heap;
  REQUIRE(heap.create({}, &f.literals));
  RootSet roots;
  const auto collect_literals = [&] {
    const std::vector<LiteralSpace::Area> retired = f.table.retired();
    LiteralScan scan(retired);
    scan.visit(heap, roots);
    f.table.release_unused(scan);
    return f.table.retired().size();
  };

  put("first");
  const Term first = f.table.get(key);
  CHECK(f.literals.contains(first));
  make_tuple(heap, {Term::small(0), first.tail()});
  put("first");  // the same: nothing is replaced
  CHECK(f.table.get(key) == first);
  put("second");
  put("third");
  CHECK(f.table.retired().size() == 2);
  const size_t before = f.literals.used_bytes();
  CHECK(collect_literals() == 1);
  CHECK(f.literals.used_bytes() < before);
  CHECK(exact_equal(first, make_string(f.heap, "first")));

  heap.top = heap.start;
  *--heap.limit = first.bits();
  CHECK(collect_literals() == 1);
  heap.limit = heap.end;
  CHECK(collect_literals() == 0);
  CHECK(exact_equal(f.table.get(key), make_string(f.heap, "third")));
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
