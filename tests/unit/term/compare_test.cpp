#include "vm/term/compare.h"

#include <catch2/catch.hpp>

#include "vm/term/compare_steps.h"

#include "tests/unit/term/etf_terms.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/term/rules.h"

using namespace joist;

namespace {

// lists:sort/1 of OTP 25 over numbers, atoms, references, funs, ports, pids, tuples, maps of both
// sorts, lists and bitstrings. No two of them are equal.
constexpr const char* kSorted[] = {
    "8346c6293e5939a08cea",
    "836e0901000000000000000040",
    "8362fffffffb",
    "836100",
    "83463fe0000000000000",
    "836101",
    "836e070000000000000020",
    "836e070001000000000020",
    "834643b0000000000002",
    "836e08000102000000000010",
    "834643e158e460913d00",
    "836e08000100e8890423c78a",
    "83464630000000000000",
    "836e0d0001000000000000000000000010",
    "83467fe1ccf385ebc8a0",
    "836e810000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000000001",
    "83640000",
    "8364000161",
    "836400026162",
    "8364000461626364",
    "836400056162636465",
    "8364000162",
    "83640001e5",
    "837702cebb",
    "835a000364000361406200000002000000090000000300000005",
    "835a000364000361406200000002000000010000000400000005",
    "835a000364000361406200000003000000010000000400000005",
    "835a000364000361406300000001000000010000000100000001",
    "837164000161640001626101",
    "837164000161640001636100",
    "837164000161640001636101",
    "837164000162640001616100",
    "83596400036140620000001e00000002",
    "83596400036140620000001f00000002",
    "8358640003614062000000090000000000000003",
    "83586400037a4062000000090000000000000003",
    "835864000d6e6f6e6f6465406e6f686f73740000000a0000000000000000",
    "8358640003614062000000010000000700000003",
    "836800",
    "8368016109",
    "83680261016102",
    "8368026101464004000000000000",
    "83680261016103",
    "836803640001616400016264000163",
    "837400000000",
    "837400000001610164000162",
    "837400000001463ff000000000000064000161",
    "837400000001463ff000000000000064000162",
    "837400000001640001616101",
    "837400000001640001626100",
    "837400000002640001616101640001626101",
    "837400000002640001616101640001626102",
    "837400000002640001616101640001636100",
    "837400000002640001626100640001636100",
    "83740000002861216121610c610c61176117611d611d611e611e61276127611a611a611f611f610b610b6125612561"
    "096109612061206122612261196119611c611c6106610661266126610d610d6128612861146114610f610f610e610e"
    "6102610261076107610161016108610861036103611161116116611661156115610461046124612461186118610a61"
    "0a61236123611b611b61136113610561056112611261106110",
    "83740000002861216121610c610c61176117611d611d611e611e61276127611a611a611f611f610b610b6125612561"
    "096109612061206122612261196119611c611c6106610661266126610d610d6128612861146114610f610f610e610e"
    "6102610261076108610161016108610861036103611161116116611661156115610461046124612461186118610a61"
    "0a61236123611b611b61136113610561056112611261106110",
    "83740000002861216121610c610c61176117611d611d611e611e61276127611a611a611f611f610b610b6125612561"
    "096109612061206122612261196119611c611c6106610661266126610d610d6128612861146114610f610f610e610e"
    "6102610261076107610161016108610861036104611161116116611661156115610461046124612461186118610a61"
    "0a61236123611b611b61136113610561056112611261106110",
    "83740000002861216121610c610c61176117611d611d61276127611a611a611f611f610b610b612561256109610961"
    "2061206122612261196119611c611c6106610661266126610d610d612861286129610061146114610f610f610e610e"
    "6102610261076107610161016108610861036103611161116116611661156115610461046124612461186118610a61"
    "0a61236123611b611b61136113610561056112611261106110",
    "83740000002861216121610c610c61176117611d611d611e611e61276127611a611a611f611f610b610b6125612561"
    "096109612061206122612261196119611c611c6106610661266126610d610d6128612861146114610f610f610e610e"
    "610261026107610761086108610361036111611161166116611561156104610461246124463fe00000000000006100"
    "61186118610a610a61236123611b611b61136113610561056112611261106110",
    "836a",
    "836c00000001610164000162",
    "836b000101",
    "836b00020101",
    "836b00020102",
    "836c0000000261016a6a",
    "836b0003616263",
    "836c000000016a6a",
    "836c000000016d000000006a",
    "836d00000000",
    "834d000000010100",
    "836d0000000100",
    "836d000000020000",
    "834d000000010320",
    "836d0000000161",
    "834d00000002016100",
    "836d000000026162",
    "836d00000001ff",
};

int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

// The result of a comparison that pauses as often as a budget of so many steps has it do.
int in_steps(Comparison what, Term a, Term b, int64_t steps, int* pauses = nullptr) {
  int order;
  int64_t budget = steps;
  std::unique_ptr<PausedComparison> paused;
  bool done = compare_some(what, a, b, &budget, &order, &paused);
  while (!done) {
    if (pauses != nullptr) ++*pauses;
    budget = steps;
    done = paused->go_on(&budget, &order);
  }
  return sign(order);
}

struct Rules {
  explicit Rules(int release) { set_term_rules(release); }
  ~Rules() { set_term_rules(25); }
};

Term map_of(Allocator& heap, std::vector<Term> pairs) { return make_map(heap, pairs); }

}  // namespace

TEST_CASE("the standard order is OTP's") {
  int release = GENERATE(25, 27, 29);
  Rules rules(release);
  Allocator heap;
  test::AnyExport exports;
  std::vector<Term> terms;
  for (const char* etf : kSorted) terms.push_back(test::term_from_hex(heap, exports, etf));
  for (size_t i = 0; i < terms.size(); ++i) {
    for (size_t j = 0; j < terms.size(); ++j) {
      CAPTURE(kSorted[i], kSorted[j]);
      CHECK(sign(compare(terms[i], terms[j])) == (i < j ? -1 : i > j ? 1 : 0));
      CHECK(equal(terms[i], terms[j]) == (i == j));
      CHECK(exact_equal(terms[i], terms[j]) == (i == j));
      Term copy = test::term_from_hex(heap, exports, kSorted[j]);
      CHECK(exact_equal(terms[i], copy) == (i == j));
      for (const int64_t steps : {2, 5, 1000}) {
        CHECK(in_steps(Comparison::kOrder, terms[i], copy, steps) == sign(compare(terms[i], copy)));
        CHECK(in_steps(Comparison::kExactOrder, terms[i], copy, steps) ==
              sign(compare_exact(terms[i], copy)));
        CHECK((in_steps(Comparison::kEqual, terms[i], copy, steps) == 0) == (i == j));
        CHECK((in_steps(Comparison::kExactlyEqual, terms[i], copy, steps) == 0) == (i == j));
      }
    }
  }
}

TEST_CASE("the exact order puts integers before floats") {
  Allocator heap;
  Term one = make_float(heap, 1.0);
  CHECK(compare(Term::small(1), one) == 0);
  CHECK(!exact_equal(Term::small(1), one));
  CHECK(compare_exact(Term::small(1), one) < 0);
  CHECK(compare_exact(Term::small(9), one) < 0);
  CHECK(compare_exact(one, make_big_limb(heap, false, ~Word{0})) > 0);
  Term in_list = make_list(heap, std::vector<Term>{Term::small(9)});
  CHECK(compare_exact(in_list, make_list(heap, std::vector<Term>{one})) < 0);
  CHECK(compare(in_list, make_list(heap, std::vector<Term>{one})) > 0);
}

TEST_CASE("keys of maps are compared exactly, values are not") {
  Allocator heap;
  Term one = make_float(heap, 1.0);
  CHECK(compare(map_of(heap, {Term::small(1), one}),
                map_of(heap, {Term::small(1), Term::small(1)})) == 0);
  CHECK(compare(map_of(heap, {Term::small(2), one}), map_of(heap, {one, one})) < 0);
  // Behind a map in a tuple numbers are compared by value again.
  Term left = make_tuple(heap, {map_of(heap, {Term::small(1), one}), Term::small(1)});
  Term right = make_tuple(heap, {map_of(heap, {Term::small(1), one}), one});
  CHECK(equal(left, right));
}

TEST_CASE("zeros of either sign are equal before OTP 27 only") {
  Allocator heap;
  Term plus = make_float(heap, 0.0);
  Term minus = make_float(heap, -0.0);
  CHECK(exact_equal(plus, minus));
  CHECK(compare_exact(plus, minus) == 0);
  Rules rules(27);
  CHECK(!exact_equal(plus, minus));
  CHECK(exact_equal(minus, make_float(heap, -0.0)));
  CHECK(compare_exact(minus, plus) < 0);
  CHECK(compare(minus, plus) == 0);
}

TEST_CASE("flat maps are compared by the text of atom keys though they hold them by index") {
  Rules rules(27);
  Allocator heap;
  Term later = must_atom("zz made first");
  Term sooner = must_atom("aa made second");
  REQUIRE(compare_flatmap_keys(later, sooner) < 0);
  Term one = Term::small(1);
  Term two = Term::small(2);
  // The values of the key that comes first by text decide.
  CHECK(compare(map_of(heap, {later, two, sooner, one}), map_of(heap, {later, one, sooner, two})) <
        0);
  CHECK(compare(map_of(heap, {later, one, one, one}), map_of(heap, {sooner, one, one, one})) > 0);
}

TEST_CASE("hash maps: the least key that makes a difference decides") {
  Allocator heap;
  auto numbers = [&heap](int64_t changed, int64_t value, int64_t offset) {
    std::vector<Term> pairs;
    for (int64_t i = 0; i < 200; ++i) {
      pairs.push_back(Term::small(i + offset));
      pairs.push_back(Term::small(i == changed ? value : 0));
    }
    return make_map(heap, pairs);
  };
  CHECK(compare(numbers(5, 1, 0), numbers(6, 2, 0)) > 0);
  CHECK(compare(numbers(150, 1, 0), numbers(6, 0, 0)) > 0);
  CHECK(compare(numbers(-1, 0, 0), numbers(199, -1, 0)) > 0);
  CHECK(compare(numbers(0, 9, 0), numbers(0, 0, 1)) < 0);
  CHECK(compare(numbers(3, 1, 0), numbers(3, 1, 0)) == 0);
  int pauses = 0;
  CHECK(in_steps(Comparison::kOrder, numbers(150, 1, 0), numbers(6, 0, 0), 3, &pauses) > 0);
  CHECK(in_steps(Comparison::kOrder, numbers(-1, 0, 0), numbers(199, -1, 0), 3, &pauses) > 0);
  CHECK(in_steps(Comparison::kOrder, numbers(0, 9, 0), numbers(0, 0, 1), 3, &pauses) < 0);
  CHECK(in_steps(Comparison::kEqual, numbers(3, 1, 0), numbers(3, 1, 0), 3, &pauses) == 0);
  CHECK(pauses > 600);
  CHECK(exact_equal(numbers(3, 1, 0), numbers(3, 1, 0)));
  CHECK(!exact_equal(numbers(3, 1, 0), numbers(3, 2, 0)));
}

TEST_CASE("native records") {
  Term fields[] = {must_atom("y"), must_atom("x")};
  Term swapped[] = {must_atom("x"), must_atom("y")};
  RecordDefinition definition{must_atom("m"), must_atom("point"), true, 2, fields};
  RecordDefinition hidden{must_atom("m"), must_atom("point"), false, 2, fields};
  RecordDefinition other{must_atom("m"), must_atom("point"), true, 2, swapped};
  auto record = [](Word* words, const RecordDefinition& of, int64_t first, int64_t second) {
    words[0] = make_header(Boxed::kRecord, 3);
    words[1] = reinterpret_cast<Word>(&of);
    words[2] = Term::small(first).bits();
    words[3] = Term::small(second).bits();
    return Term::boxed(words);
  };
  alignas(8) Word a[4], b[4];
  // In the order of the definition, not of the names.
  CHECK(compare(record(a, definition, 1, 5), record(b, definition, 2, 4)) < 0);
  CHECK(compare(record(a, definition, 1, 5), record(b, definition, 1, 5)) == 0);
  CHECK(exact_equal(Term::boxed(a), Term::boxed(b)));
  CHECK(compare(record(a, definition, 1, 5), record(b, hidden, 9, 9)) > 0);
  CHECK(compare(record(a, definition, 1, 5), record(b, other, 5, 1)) > 0);
  CHECK(!exact_equal(Term::boxed(a), Term::boxed(b)));
  alignas(8) Word tuple[5] = {make_header(Boxed::kTuple, 4), 0, 0, 0, 0};
  alignas(8) Word keys[1] = {make_header(Boxed::kTuple, 0)};
  alignas(8) Word map[2] = {make_header(Boxed::kFlatMap, 1), Term::boxed(keys).bits()};
  CHECK(compare(Term::boxed(tuple), Term::boxed(a)) < 0);
  CHECK(compare(Term::boxed(a), Term::boxed(map)) < 0);
}

TEST_CASE("what lies behind the first words that differ decides where these are equal") {
  Allocator heap;
  // Equal terms that are no one word, at several depths before and behind what decides.
  const auto same = [&heap] {
    return joist::make_tuple(heap, {must_atom("same"), make_big_limb(heap, false, ~Word{0})});
  };
  const auto nested = [&](Term first, Term last, int padding) {
    std::vector<Term> terms = {same(), first};
    for (int i = 0; i < padding; ++i) terms.push_back(Term::small(i));
    terms.push_back(same());
    terms.push_back(last);
    Term inner = joist::make_tuple(heap, terms);
    return joist::make_tuple(
        heap, {Term::small(1), make_list(heap, std::vector<Term>{same(), inner}), same()});
  };
  const Term one = Term::small(1);
  const Term two = Term::small(2);
  const Term half = joist::make_tuple(heap, {one, make_float(heap, 1.0)});
  const Term whole = joist::make_tuple(heap, {one, one});
  for (const int padding : {0, 3, 100}) {
    CHECK(exact_equal(nested(one, two, padding), nested(one, two, padding)));
    CHECK(compare(nested(one, two, padding), nested(one, two, padding)) == 0);
    CHECK_FALSE(exact_equal(nested(one, two, padding), nested(one, one, padding)));
    CHECK(compare(nested(one, two, padding), nested(one, one, padding)) > 0);
    CHECK(compare(nested(one, two, padding), nested(two, one, padding)) < 0);
    CHECK_FALSE(exact_equal(nested(half, one, padding), nested(whole, one, padding)));
    CHECK(equal(nested(half, one, padding), nested(whole, one, padding)));
    CHECK(compare(nested(half, one, padding), nested(whole, two, padding)) < 0);
    CHECK(compare_exact(nested(half, one, padding), nested(whole, two, padding)) > 0);
    CHECK(compare(nested(one, one, padding), nested(whole, one, padding)) < 0);
    CHECK_FALSE(exact_equal(nested(whole, one, padding), nested(one, one, padding)));
  }
}

TEST_CASE("deep and long terms are compared without native recursion") {
  Allocator heap;
  auto deep = [&heap](Term bottom) {
    Term term = bottom;
    for (int i = 0; i < 2'000'000; ++i) term = make_cons(heap, term, Term::small(i));
    for (int i = 0; i < 1'000'000; ++i) term = make_tuple(heap, {term, Term::small(i)});
    for (int i = 0; i < 300'000; ++i) term = map_of(heap, {Term::small(i), term});
    return term;
  };
  Term one = deep(Term::small(1));
  Term same = deep(Term::small(1));
  Term two = deep(Term::small(2));
  CHECK(exact_equal(one, same));
  CHECK(!exact_equal(one, two));
  CHECK(compare(one, same) == 0);
  CHECK(compare(one, two) < 0);
  int pauses = 0;
  CHECK(in_steps(Comparison::kExactlyEqual, one, same, 1000, &pauses) == 0);
  CHECK(in_steps(Comparison::kOrder, one, two, 1000, &pauses) < 0);
  CHECK(pauses > 4000);
}

TEST_CASE("long terms of one object are compared in steps") {
  Allocator heap;
  const std::vector<Term> numbers(100'000, Term::small(7));
  std::vector<Term> changed = numbers;
  changed[99'998] = Term::small(8);
  const std::string text(1'000'000, 'x');
  std::string longer = text;
  longer.back() = 'y';
  const Term terms[] = {joist::make_tuple(heap, numbers),
                        joist::make_tuple(heap, changed),
                        make_list(heap, numbers),
                        make_list(heap, changed),
                        make_binary(heap, text),
                        make_binary(heap, longer),
                        make_binary(heap, longer.substr(0, 999'999)),
                        make_part(heap, make_binary(heap, text), 1, 7'999'000),
                        make_part(heap, make_binary(heap, longer), 5, 7'999'990)};
  for (const Term a : terms) {
    for (const Term b : terms) {
      int pauses = 0;
      CHECK(in_steps(Comparison::kOrder, a, b, 100, &pauses) == sign(compare(a, b)));
      CHECK((in_steps(Comparison::kExactlyEqual, a, b, 100) == 0) == exact_equal(a, b));
      CHECK((in_steps(Comparison::kEqual, a, b, 100) == 0) == exact_equal(a, b));
      if (exact_equal(a, b) && a != b) CHECK(pauses > 0);
    }
  }
  int pauses = 0;
  CHECK(in_steps(Comparison::kExactlyEqual, terms[0], joist::make_tuple(heap, numbers), 100,
                 &pauses) == 0);
  CHECK(in_steps(Comparison::kExactlyEqual, terms[2], make_list(heap, numbers), 100, &pauses) == 0);
  CHECK(in_steps(Comparison::kExactlyEqual, terms[4], make_binary(heap, text), 100, &pauses) == 0);
  CHECK(pauses > 1000);
}

TEST_CASE("hash maps as keys of hash maps, many levels deep") {
  Allocator heap;
  auto nested = [&heap](Term bottom) {
    Term key = bottom;
    for (int level = 0; level < 2000; ++level) {
      std::vector<Term> pairs = {key, Term::nil()};
      for (int i = 0; i < 33; ++i) {
        pairs.push_back(Term::small(i));
        pairs.push_back(Term::nil());
      }
      // Hashes walk the whole key, so building is quadratic: keep it to some levels.
      if (level % 20 != 0) pairs = {Term::nil(), key};
      key = make_map(heap, pairs);
    }
    return key;
  };
  Term one = nested(must_atom("a"));
  CHECK(exact_equal(one, nested(must_atom("a"))));
  CHECK(compare(one, nested(must_atom("b"))) < 0);
  CHECK(compare(nested(must_atom("b")), one) > 0);
}
