#include "vm/term/hash.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/term/etf_terms.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/term/compare.h"
#include "vm/term/rules.h"

using namespace joist;

namespace {

struct Case {
  const char* etf;
  uint32_t phash2;
  uint32_t phash;
};

// term_to_binary(T), erlang:phash2(T, 1 bsl 32), erlang:phash(T, 1 bsl 32) - 1 of OTP 25.
constexpr Case kCases[] = {
    {"836100", 3175731469u, 0u},
    {"836101", 539485162u, 2788898427u},
    {"8362ffffffff", 1117813597u, 1680185269u},
    {"8361ff", 715823293u, 2499495045u},
    {"836207ffffff", 4273352567u, 1192343452u},
    {"836208000000", 2562491755u, 2147483672u},
    {"8362f8000000", 874979335u, 2147489128u},
    {"8362f7ffffff", 1418916782u, 3827674397u},
    {"836e05000000000001", 2108323275u, 2788898427u},
    {"836e0601000000000001", 2464100025u, 3765867549u},
    {"836e0800ffffffffffffff07", 1638133000u, 3114282912u},
    {"836e08000000000000000008", 2442888721u, 2147483672u},
    {"836e08010000000000000008", 2316875190u, 2147489128u},
    {"836e08010100000000000008", 2855034599u, 3227238397u},
    {"836e0800ffffffffffffff1f", 3744516158u, 966799336u},
    {"836e08000000000000000020", 3067731262u, 96u},
    {"836e08000000000000000080", 710941318u, 384u},
    {"836e0900000000000000000001", 2519041713u, 2788898427u},
    {"836e0901000000000000000001", 2563594619u, 1680185269u},
    {"836e1a003930000000000000000000000000000000000000000000000001", 2722349351u, 4056881478u},
    {"836e0d0100000000000000000000000001", 1265553983u, 1680185269u},
    {"83460000000000000000", 423528920u, 0u},
    {"83468000000000000000", 423528920u, 0u},
    {"83463ff0000000000000", 3029937084u, 1072693248u},
    {"8346bff8000000000000", 1758584130u, 3220701184u},
    {"8346400921f9f01b866e", 1211968432u, 2954012567u},
    {"83467e37e43c8800759c", 387524106u, 4130836896u},
    {"83460000000000000001", 3731526247u, 1u},
    {"836a", 3468870702u, 1u},
    {"836c00000001640001616a", 1634476877u, 2953390076u},
    {"836b0003010203", 4186538188u, 3336869157u},
    {"836b000b68656c6c6f20776f726c64", 2943300141u, 2520765043u},
    {"836b000461626364", 1752753207u, 1938728201u},
    {"836c000000026161616264000163", 2711810555u, 4219992172u},
    {"836c000000026a6c000000016a6a6a", 799620815u, 1506877310u},
    {"836c00000006610161026103620000012c610461056a", 3200410019u, 2607874225u},
    {"836800", 221703996u, 0u},
    {"83680164000161", 2853905094u, 268840044u},
    {"836803640001616400016268026400016364000164", 2945275929u, 44960707u},
    {"836814610161026103610461056106610761086109610a610b610c610d610e610f61106111611261136114",
     1555218995u, 4273187334u},
    {"83640000", 0u, 0u},
    {"836400026f6b", 1883u, 1883u},
    {"837704c3a5cebb", 62107u, 62107u},
    {"836d00000000", 147926629u, 0u},
    {"836d00000003616263", 1306188027u, 1972007565u},
    {"836d0000002468656c6c6f20776f726c642c20746869727465656e20616e64206d6f7265206279746573",
     297131017u, 3444589810u},
    {"834d000000010180", 3994547237u, 808817678u},
    {"834d0000000403616263a0", 2471843837u, 2750886853u},
    {"834d0000000a0500000000000000000000", 2264486301u, 1342180714u},
    {"837400000000", 844985373u, 1113425984u},
    {"837400000001640001616101", 1401795262u, 1670235873u},
    {"8374000000036103740000000164000163640001646400016161016b000162464000000000000000", 490540370u,
     758980981u},
    {"836c0000000274000000016400016164000162680174000000006a", 815484480u, 2237717473u},
    {"83716400056c697374736400036d61706102", 840287883u, 904024395u},
    {"837164000665726c616e676400012b6102", 835314699u, 4148409906u},
    {"835864000d6e6f6e6f6465406e6f686f7374000012670000000300000000", 292749475u, 2281452921u},
    {"83586400036140620000004d0000000300000002", 3158397284u, 3861933917u},
    {"835a0003640003614062000000020003ff700000000300000005", 3232677618u, 2096127176u},
    {"83596400036140620000753000000002", 835352651u, 377960643u},
    {"837864000361406200001b48eb57e00000000002", 801042210u, 1817170597u},
};

}  // namespace

TEST_CASE("phash2 and phash give OTP's values") {
  Allocator heap;
  test::AnyExport exports;
  for (const Case& entry : kCases) {
    CAPTURE(entry.etf);
    Term term = test::term_from_hex(heap, exports, entry.etf);
    CHECK(phash2(term) == entry.phash2);
    CHECK(phash(term) == entry.phash);
  }
}

TEST_CASE("hash maps hash alike in any order of insertion") {
  Allocator heap;
  std::vector<Term> squares;
  for (int i = 1; i <= 33; ++i) {
    squares.push_back(Term::small(i));
    squares.push_back(Term::small(i * i));
  }
  Term map = make_map(heap, squares);
  // maps:from_list([{I, I * I} || I <- lists:seq(1, 33)])
  CHECK(phash2(map) == 3820814825u);
  CHECK(phash(map) == 4089255436u);
  std::vector<Term> pairs;
  for (int i = 100; i >= 1; --i) {
    pairs.push_back(make_tuple(heap, {Term::small(i), must_atom("x")}));
    pairs.push_back(make_list(heap, std::vector<Term>{Term::small(i)}));
  }
  map = make_map(heap, pairs);
  // maps:from_list([{{I, x}, [I]} || I <- lists:seq(1, 100)])
  CHECK(phash2(map) == 4171213339u);
  CHECK(phash(map) == 144686654u);
}

TEST_CASE("a native record hashes its definition and its values") {
  Allocator heap;
  Term fields[] = {must_atom("y"), must_atom("x")};
  RecordDefinition definition{must_atom("m"), must_atom("point"), true, 2, fields};
  alignas(8) Word first[4] = {make_header(Boxed::kRecord, 3), reinterpret_cast<Word>(&definition),
                              Term::small(1).bits(), Term::small(2).bits()};
  alignas(8) Word second[4] = {first[0], first[1], first[2], Term::small(3).bits()};
  CHECK(phash2(Term::boxed(first)) != phash2(Term::boxed(second)));
  CHECK(phash(Term::boxed(first)) != phash(Term::boxed(second)));
  CHECK(internal_hash(Term::boxed(first)) != internal_hash(Term::boxed(second)));
}

TEST_CASE("equal terms have one internal hash, wherever they lie") {
  Allocator heap;
  test::AnyExport exports;
  for (const Case& entry : kCases) {
    Term term = test::term_from_hex(heap, exports, entry.etf);
    Term other = test::term_from_hex(heap, exports, entry.etf);
    CAPTURE(entry.etf);
    CHECK(exact_equal(term, other));
    CHECK(internal_hash(term) == internal_hash(other));
  }
}

TEST_CASE("zeros of either sign hash alike before OTP 27, not internally from then on") {
  Allocator heap;
  Term plus = make_float(heap, 0.0);
  Term minus = make_float(heap, -0.0);
  CHECK(phash2(plus) == phash2(minus));
  CHECK(internal_hash(plus) == internal_hash(minus));
  set_term_rules(27);
  CHECK(phash2(plus) == phash2(minus));
  CHECK(internal_hash(plus) != internal_hash(minus));
  set_term_rules(25);
}

TEST_CASE("a sub binary hashes like a copy of its bits") {
  Allocator heap;
  Binary* binary = new_binary(100);
  for (size_t i = 0; i < 100; ++i) binary->bytes[i] = static_cast<uint8_t>(i * 37);
  Term holder = make_bin_ref(heap, binary);
  Term view = make_sub_bits(heap, holder, 13, 600);
  REQUIRE(is_kind(view, Boxed::kSubBits));
  uint8_t* bytes;
  Term copy = make_bits_uninitialised(heap, 600, &bytes);
  for (size_t i = 0; i < 75; ++i) {
    bytes[i] = static_cast<uint8_t>(binary->bytes[1 + i] << 5 | binary->bytes[2 + i] >> 3);
  }
  CHECK(exact_equal(view, copy));
  CHECK(internal_hash(view) == internal_hash(copy));
  CHECK(phash2(view) == phash2(copy));
  CHECK(phash(view) == phash(copy));
}

TEST_CASE("deep and long terms hash without native recursion") {
  Allocator heap;
  Term deep = Term::nil();
  for (int i = 0; i < 3'000'000; ++i) deep = make_cons(heap, deep, Term::nil());
  for (int i = 0; i < 1'000'000; ++i) deep = make_tuple(heap, {deep});
  CHECK(phash2(deep) != 0);
  CHECK(phash(deep) != 0);
  CHECK(internal_hash(deep) != 0);
}

TEST_CASE("The bits of an internal hash depend on all of a term's bits") {
  // Of n values that fall into n places evenly about 37 % of the places stay empty.
  const auto empty_places = [](auto&& term_of) {
    constexpr size_t kPlaces = 4096;
    size_t low[kPlaces] = {};
    size_t high[kPlaces] = {};
    for (size_t i = 0; i < kPlaces; ++i) {
      const uint32_t hash = internal_hash(term_of(i));
      ++low[hash % kPlaces];
      ++high[hash >> 20];
    }
    return std::max(std::count(low, low + kPlaces, 0u), std::count(high, high + kPlaces, 0u));
  };
  CHECK(empty_places([](size_t i) { return Term::small(static_cast<int64_t>(i)); }) < 1700);
  CHECK(empty_places([](size_t i) { return Term::word_float(static_cast<double>(i)); }) < 1700);
  CHECK(empty_places([](size_t i) { return Term::small(static_cast<int64_t>(i) << 40); }) < 1700);
}
