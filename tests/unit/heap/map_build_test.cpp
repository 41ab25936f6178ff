#include "vm/heap/map_build.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "vm/heap/builder.h"
#include "vm/term/atom.h"
#include "vm/term/compare.h"
#include "vm/term/rules.h"

using namespace joist;

namespace {

// Restores the default rules at the end of a test.
struct Rules {
  explicit Rules(int otp_release) { set_term_rules(otp_release); }
  ~Rules() { set_term_rules(25); }
};

// Keys of all sorts, two different terms for each number where terms are boxed.
Term key_of(Allocator& heap, int64_t number) {
  switch (number % 5) {
    case 0:
      return Term::small(number);
    case 1:
      return must_atom("key" + std::to_string(number));
    case 2:
      return make_tuple(heap, {Term::small(number), Term::nil()});
    case 3:
      return make_binary(heap, std::string_view("binary " + std::to_string(number)));
    default:
      return make_float(heap, static_cast<double>(number) + 0.5);
  }
}

using Model = std::map<int64_t, int64_t>;

void check_same(Allocator& heap, Term map, const Model& model) {
  REQUIRE(map_size(map) == model.size());
  REQUIRE(is_flat_map(map) == (model.size() <= kFlatMapLimit));
  for (const auto& [number, value] : model) {
    const Term* found = map_find(map, key_of(heap, number));
    REQUIRE(found != nullptr);
    REQUIRE(*found == Term::small(value));
  }
  size_t visited = 0;
  Term key;
  Term value;
  Term previous = Term::none();
  for (MapIterator i(map); i.next(&key, &value); ++visited) {
    const Term* found = map_find(map, key);
    REQUIRE(found != nullptr);
    REQUIRE(*found == value);
    if (is_flat_map(map) && visited > 0) REQUIRE(compare_flatmap_keys(previous, key) < 0);
    previous = key;
  }
  REQUIRE(visited == model.size());
}

Term from_model(Allocator& heap, const Model& model, std::mt19937& random) {
  std::vector<std::pair<int64_t, int64_t>> items(model.begin(), model.end());
  std::shuffle(items.begin(), items.end(), random);
  std::vector<Term> pairs;
  for (const auto& [number, value] : items) {
    pairs.push_back(key_of(heap, number));
    pairs.push_back(Term::small(value));
  }
  return make_map(heap, pairs);
}

std::vector<Term> pairs_of(Term map) {
  std::vector<Term> pairs;
  Term key;
  Term value;
  for (MapIterator i(map); i.next(&key, &value);) {
    pairs.push_back(key);
    pairs.push_back(value);
  }
  return pairs;
}

// The same pairs in the same order: what a map looks like does not tell its history.
void check_same_shape(Term a, Term b) {
  std::vector<Term> pairs_a = pairs_of(a);
  std::vector<Term> pairs_b = pairs_of(b);
  REQUIRE(pairs_a.size() == pairs_b.size());
  for (size_t i = 0; i < pairs_a.size(); ++i) REQUIRE(exact_equal(pairs_a[i], pairs_b[i]));
}

void random_walk(int otp_release, int64_t key_range, int steps, unsigned seed) {
  Rules rules(otp_release);
  Allocator heap;
  std::mt19937 random(seed);
  std::vector<std::pair<Term, Model>> versions = {{make_empty_map(heap), {}}};
  auto pick = [&](int64_t limit) { return static_cast<int64_t>(random() % limit); };
  for (int step = 0; step < steps; ++step) {
    auto [map, model] = versions.back();
    int64_t number = pick(key_range);
    Term key = key_of(heap, number);
    Term value = Term::small(pick(3));
    bool known = model.count(number) != 0;
    // Phases of growth and of shrinking, so that both limits are crossed again and again.
    bool growing = step / key_range % 2 == 0;
    int64_t what = pick(10);
    if (what < (growing ? 6 : 2)) {
      map = map_put(heap, map, key, value);
      model[number] = value.small_value();
    } else if (what < 8) {
      Term removed = map_remove(heap, map, key);
      if (!known) REQUIRE(removed == map);
      map = removed;
      model.erase(number);
    } else if (what == 8) {
      Term updated = map_update(heap, map, key, value);
      REQUIRE(updated.is_none() == !known);
      if (known) {
        map = updated;
        model[number] = value.small_value();
      }
    } else {
      std::vector<Term> pairs;
      for (int64_t i = pick(12); i > 0; --i) {
        int64_t other = pick(key_range);
        pairs.push_back(key_of(heap, other));
        pairs.push_back(Term::small(i));
        model[other] = i;
      }
      map = map_put_all(heap, map, pairs);
    }
    if (step % 16 == 0) check_same(heap, map, model);
    versions.emplace_back(map, model);
    if (versions.size() > 64) versions.erase(versions.begin() + pick(64));
  }
  for (const auto& [map, model] : versions) {
    check_same(heap, map, model);  // later changes left the old versions alone
    check_same_shape(map, from_model(heap, model, random));
  }
}

}  // namespace

TEST_CASE("random changes agree with a model, and old versions stay as they were") {
  for (int otp_release : {25, 27}) {
    random_walk(otp_release, 20, 1000, 1);
    random_walk(otp_release, 45, 3000, 2);
    random_walk(otp_release, 300, 4000, 3);
  }
}

TEST_CASE("maps of thousands of keys are the same however they are made") {
  Allocator heap;
  std::mt19937 random(7);
  Model model;
  for (int64_t i = 0; i < 20000; ++i) model[static_cast<int64_t>(random() % 1000000)] = i;
  Term bulk = from_model(heap, model, random);
  check_same(heap, bulk, model);
  Term grown = make_empty_map(heap);
  for (const auto& [number, value] : model) {
    grown = map_put(heap, grown, key_of(heap, number), Term::small(value));
  }
  check_same_shape(bulk, grown);
  Term shrunk = grown;
  while (model.size() > 33) {
    shrunk = map_remove(heap, shrunk, key_of(heap, model.begin()->first));
    model.erase(model.begin());
  }
  check_same(heap, shrunk, model);
  check_same_shape(shrunk, from_model(heap, model, random));
}

TEST_CASE("merge takes the second map's values") {
  Allocator heap;
  std::mt19937 random(11);
  for (int64_t sizes : {5, 20, 40, 400, 3000}) {
    for (int64_t other_sizes : {0, 3, 30, 60, 2000}) {
      Model a;
      Model b;
      auto random_key = [&] { return static_cast<int64_t>(random() % (sizes + other_sizes)); };
      for (int64_t i = 0; i < sizes; ++i) a[random_key()] = 1;
      for (int64_t i = 0; i < other_sizes; ++i) b[random_key()] = 2;
      Term map_a = from_model(heap, a, random);
      Term map_b = from_model(heap, b, random);
      Model both = b;
      both.insert(a.begin(), a.end());
      Term merged = map_merge(heap, map_a, map_b);
      check_same(heap, merged, both);
      check_same_shape(merged, from_model(heap, both, random));
      Term again = map_merge(heap, merged, map_b);
      REQUIRE((again == merged || again == map_b));
      REQUIRE(map_merge(heap, map_a, map_a) == map_a);
      check_same(heap, map_a, a);
      check_same(heap, map_b, b);
    }
  }
}

TEST_CASE("of equal keys the last wins, whatever the size") {
  Allocator heap;
  for (int64_t keys : {1, 10, 32, 33, 500}) {
    std::vector<Term> pairs;
    for (int64_t round = 0; round < 3; ++round) {
      for (int64_t i = 0; i < keys; ++i) {
        pairs.push_back(key_of(heap, i));
        pairs.push_back(Term::small(round));
      }
    }
    Term map = make_map(heap, pairs);
    Model model;
    for (int64_t i = 0; i < keys; ++i) model[i] = 2;
    check_same(heap, map, model);
  }
}

TEST_CASE("an update shares the keys of a flat map, and nothing changes for the same value") {
  Allocator heap;
  Term map = make_map(
      heap, std::vector<Term>{atoms::badarg, Term::small(1), atoms::badkey, Term::small(2)});
  Term updated = map_put(heap, map, atoms::badkey, Term::small(3));
  REQUIRE(flat_map_keys_tuple(updated) == flat_map_keys_tuple(map));
  REQUIRE(*map_find(map, atoms::badkey) == Term::small(2));
  REQUIRE(*map_find(updated, atoms::badkey) == Term::small(3));
  REQUIRE(map_put(heap, map, atoms::badkey, Term::small(2)) == map);
  Term all = map_put_all(heap, map, std::vector<Term>{atoms::badkey, Term::small(4)});
  REQUIRE(flat_map_keys_tuple(all) == flat_map_keys_tuple(map));

  Term missing;
  std::vector<Term> exact = {atoms::badarg, Term::small(5), atoms::badmap, Term::small(6)};
  REQUIRE(map_update_all(heap, map, exact, &missing).is_none());
  REQUIRE(missing == atoms::badmap);
  exact[2] = atoms::badkey;
  Term both = map_update_all(heap, map, exact, &missing);
  REQUIRE(*map_find(both, atoms::badarg) == Term::small(5));
  REQUIRE(*map_find(both, atoms::badkey) == Term::small(6));
}

TEST_CASE("atom keys of a flat map are in the order of the release") {
  // Made in this order, so that indices and text disagree.
  Term z = must_atom("zzz made before");
  Term a = must_atom("aaa made after");
  for (int otp_release : {25, 27}) {
    Rules rules(otp_release);
    Allocator heap;
    Term map = make_map(heap, std::vector<Term>{a, Term::small(1), z, Term::small(2),
                                                Term::small(7), Term::small(3)});
    REQUIRE(flat_map_keys(map)[0] == Term::small(7));
    REQUIRE(flat_map_keys(map)[1] == (otp_release == 25 ? a : z));
  }
}

TEST_CASE("integers and floats are different keys; the two zeros are one key before OTP 27") {
  for (int otp_release : {25, 27}) {
    Rules rules(otp_release);
    Allocator heap;
    Term map =
        make_map(heap, std::vector<Term>{Term::small(1), atoms::badarg, make_float(heap, 1.0),
                                         atoms::badkey, make_float(heap, 0.0), atoms::badmap,
                                         make_float(heap, -0.0), atoms::error});
    REQUIRE(map_size(map) == (otp_release == 25 ? 3 : 4));
    REQUIRE(*map_find(map, make_float(heap, 1.0)) == atoms::badkey);
    REQUIRE(*map_find(map, make_float(heap, -0.0)) == atoms::error);
    REQUIRE(*map_find(map, make_float(heap, 0.0)) ==
            (otp_release == 25 ? atoms::error : atoms::badmap));
    for (int64_t i = 100; i < 140; ++i) map = map_put(heap, map, Term::small(i), Term::nil());
    REQUIRE(map_size(map) == (otp_release == 25 ? 43 : 44));
    REQUIRE(*map_find(map, make_float(heap, -0.0)) == atoms::error);
    REQUIRE(*map_find(map, make_float(heap, 0.0)) ==
            (otp_release == 25 ? atoms::error : atoms::badmap));
  }
}

namespace {

// Which zero is the float among the keys.
bool has_negative_zero(Term map) {
  Term key;
  Term value;
  for (MapIterator i(map); i.next(&key, &value);) {
    if (is_float(key)) return std::signbit(float_value(key));
  }
  FAIL("no float among the keys");
  return false;
}

}  // namespace

TEST_CASE("of two zeros that are one key, that of OTP 25 stays") {
  Rules rules(25);
  Allocator heap;
  const Term plus = make_float(heap, 0.0);
  const Term minus = make_float(heap, -0.0);
  const Term one = Term::small(1);
  const Term two = Term::small(2);
  const Term flat = make_map(heap, std::vector<Term>{plus, one});
  Term big = flat;
  for (int64_t i = 100; i < 140; ++i) big = map_put(heap, big, Term::small(i), Term::nil());

  REQUIRE(has_negative_zero(make_map(heap, std::vector<Term>{plus, one, minus, two})));
  REQUIRE_FALSE(has_negative_zero(map_put(heap, flat, minus, two)));
  REQUIRE_FALSE(has_negative_zero(map_update(heap, flat, minus, two)));
  REQUIRE(has_negative_zero(map_put(heap, big, minus, two)));
  REQUIRE(has_negative_zero(map_update(heap, big, minus, two)));
  REQUIRE_FALSE(has_negative_zero(map_put(heap, big, minus, one)));

  const Term other = make_map(heap, std::vector<Term>{minus, one});
  const Term flat_of_two = map_put(heap, flat, two, two);
  REQUIRE(has_negative_zero(map_merge(heap, flat, other)));
  REQUIRE(has_negative_zero(map_merge(heap, flat_of_two, other)));
  REQUIRE_FALSE(has_negative_zero(map_merge(heap, other, flat_of_two)));
  REQUIRE(has_negative_zero(map_merge(heap, big, other)));
  REQUIRE_FALSE(has_negative_zero(map_merge(heap, other, big)));
}
