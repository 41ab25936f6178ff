// The bytes are what OTP 25's erl makes of the terms that the rows name: by term_to_binary/1, and
// with {minor_version, 2}, which is what later releases do by default.
#include "vm/codec/etf.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "vm/codec/etf_tags.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/term/bits.h"
#include "vm/term/compare.h"
#include "vm/term/map.h"
#include "vm/term/rules.h"

using namespace joist;

namespace {

using Bytes = std::vector<uint8_t>;

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

Bytes encoded(Term term, const EncodeOptions& options) {
  std::optional<size_t> size = external_size(term, options);
  REQUIRE(size.has_value());
  Bytes bytes(*size);
  encode_external(term, options, bytes.data());
  return bytes;
}

// Knows every function, and one fun.
struct TestResolver : ExternalResolver {
  const ExportIdentity* find_export(const Mfa& mfa, bool only_existing) override {
    if (only_existing) return nullptr;
    exports.push_back(std::make_unique<ExportIdentity>(ExportIdentity{mfa}));
    return exports.back().get();
  }
  const FunIdentity* find_fun(const ExternalFun& external) override {
    fun.module = external.module;
    fun.arity = external.arity;
    fun.free_count = external.free_count;
    fun.index = external.index;
    fun.old_unique = external.old_unique;
    std::copy_n(external.unique, 16, fun.unique);
    return &fun;
  }
  std::vector<std::unique_ptr<ExportIdentity>> exports;
  FunIdentity fun{};
};

struct Codec {
  Codec() { decode.resolver = &resolver; }

  std::optional<Decoded> read(const Bytes& bytes) { return decode_external(bytes, heap, decode); }
  std::optional<Decoded> read(std::string_view hex) { return read(from_hex(hex)); }
  Term term(std::string_view hex) {
    std::optional<Decoded> decoded = read(hex);
    REQUIRE(decoded.has_value());
    return decoded->term;
  }

  TestResolver resolver;
  Allocator heap;
  DecodeOptions decode;
};

struct Row {
  const char* name;
  const char* release_25;
  const char* utf8_atoms;
};
const Row kRows[] = {
    {"0", "836100", "836100"},
    {"255", "8361ff", "8361ff"},
    {"256", "836200000100", "836200000100"},
    {"-1", "8362ffffffff", "8362ffffffff"},
    {"2^31-1", "83627fffffff", "83627fffffff"},
    {"2^31", "836e040000000080", "836e040000000080"},
    {"-2^31", "836280000000", "836280000000"},
    {"-2^31-1", "836e040101000080", "836e040101000080"},
    {"2^59-1", "836e0800ffffffffffffff07", "836e0800ffffffffffffff07"},
    {"2^61-1", "836e0800ffffffffffffff1f", "836e0800ffffffffffffff1f"},
    {"2^61", "836e08000000000000000020", "836e08000000000000000020"},
    {"-2^61", "836e08010000000000000020", "836e08010000000000000020"},
    {"2^64", "836e0900000000000000000001", "836e0900000000000000000001"},
    {"-2^64", "836e0901000000000000000001", "836e0901000000000000000001"},
    {"1.5", "83463ff8000000000000", "83463ff8000000000000"},
    {"-0.0", "83468000000000000000", "83468000000000000000"},
    {"1.0e300", "83467e37e43c8800759c", "83467e37e43c8800759c"},
    {"5.0e-324", "83460000000000000001", "83460000000000000001"},
    {"ok", "836400026f6b", "8377026f6b"},
    {"latin", "83640002e5e4", "837704c3a5c3a4"},
    {"uni", "837702ceb1", "837702ceb1"},
    {"empty", "83640000", "837700"},
    {"nil", "836a", "836a"},
    {"str", "836b0003616263", "836b0003616263"},
    {"improper", "836c000000016400016164000162", "836c00000001770161770162"},
    {"list", "836c00000003610162000001006c00000001610261036a",
     "836c00000003610162000001006c00000001610261036a"},
    {"bytes+nil", "836c00000003610161026a6a", "836c00000003610161026a6a"},
    {"tuple0", "836800", "836800"},
    {"tuple", "83680264000161680164000162", "8368027701616801770162"},
    {"bin", "836d00000003616263", "836d00000003616263"},
    {"bits", "834d0000000103a0", "834d0000000103a0"},
    {"bits11", "834d00000002037fe0", "834d00000002037fe0"},
    {"binlong",
     "836d00000041787878787878787878787878787878787878787878787878787878787878787878787878787878787"
     "8787878787878787878787878787878787878787878787878",
     "836d00000041787878787878787878787878787878787878787878787878787878787878787878787878787878787"
     "8787878787878787878787878787878787878787878787878"},
    {"map", "837400000002640001616101640001626b000102", "83740000000277016161017701626b000102"},
    {"mapmix", "83740000000561016102463ff00000000000006103680061046b00017861056d000000006106",
     "83740000000561016102463ff00000000000006103680061046b00017861056d000000006106"},
    {"emptymap", "837400000000", "837400000000"},
    {"fun", "83716400056c697374736400036d61706102", "837177056c6973747377036d61706102"},
    {"pid", "835864000d6e6f6e6f6465406e6f686f7374000000050000000700000000",
     "8358770d6e6f6e6f6465406e6f686f7374000000050000000700000000"},
    {"ref", "835a000364000d6e6f6e6f6465406e6f686f73740000000000000cb36b74000248ae6feb",
     "835a0003770d6e6f6e6f6465406e6f686f73740000000000000cb36b74000248ae6feb"},
    {"extpid", "8358640003614062000000010000000200000003",
     "83587703614062000000010000000200000003"},
    {"extref", "835a000364000361406200000003000000010000000200000003",
     "835a0003770361406200000003000000010000000200000003"},
    {"extport", "83596400036140620000000100000002", "835977036140620000000100000002"},
};

}  // namespace

TEST_CASE("terms have the bytes that erl gives them", "[etf]") {
  Codec codec;
  for (const Row& row : kRows) {
    INFO(row.name);
    Bytes bytes = from_hex(row.release_25);
    std::optional<Decoded> decoded = codec.read(bytes);
    REQUIRE(decoded.has_value());
    CHECK(decoded->used == bytes.size());
    CHECK(encoded(decoded->term, EncodeOptions::of_release(25)) == bytes);
    EncodeOptions utf8 = EncodeOptions::of_release(25);
    utf8.utf8_atoms = true;
    CHECK(encoded(decoded->term, utf8) == from_hex(row.utf8_atoms));
    CHECK(exact_equal(codec.term(row.utf8_atoms), decoded->term));
  }
}

TEST_CASE("terms decode to what they are", "[etf]") {
  Codec codec;
  CHECK(codec.term("8362ffffffff") == Term::small(-1));
  CHECK(codec.term("836400026f6b") == atoms::ok);
  CHECK(atom_text(codec.term("83640002e5e4")) == "\xc3\xa5\xc3\xa4");
  CHECK(float_value(codec.term(
            "8363312e3530303030303030303030303030303030303030652b30300000000000")) == 1.5);
  Term bits = codec.term("834d0000000103a7");  // padding is cleared
  CHECK(bits_size(bits) == 3);
  CHECK(bits_view(bits).base[0] == 0xa0);
  CHECK(codec.term("8358770d6e6f6e6f6465406e6f686f7374000000050000000700000000") ==
        make_local_pid(5, 7));
  CHECK(codec.term("8378770d6e6f6e6f6465406e6f686f7374000000000000000900000000") ==
        Term::local_port(9));
  Term ref = codec.term("835a0001770d6e6f6e6f6465406e6f686f73740000000000000001");
  CHECK(ref_numbers(ref).count == 3);
  // A pair whose keys come in the wrong order is sorted.
  Term map = codec.term("837400000002610261626101610a");
  REQUIRE(map_size(map) == 2);
  CHECK(flat_map_keys(map)[0] == Term::small(1));
  CHECK(flat_map_values(map)[0] == Term::small(10));
}

TEST_CASE("old floats are written with twenty decimals", "[etf]") {
  Codec codec;
  EncodeOptions options = EncodeOptions::of_release(25);
  options.new_floats = false;
  CHECK(encoded(make_float(codec.heap, 1.5), options) ==
        from_hex("8363312e3530303030303030303030303030303030303030652b30300000000000"));
}

TEST_CASE("a fun keeps its names and its environment", "[etf]") {
  Codec codec;
  Bytes bytes = from_hex(
      "83700000004901abfb56667f18b6a6c905b3ebcc734fa90000000000000002640001686100"
      "62055fdab35864000d6e6f6e6f6465406e6f686f737400000009000000000000000061076108");
  std::optional<Decoded> fun = codec.read(bytes);
  REQUIRE(fun.has_value());
  CHECK(local_fun_creator(fun->term) == make_local_pid(9, 0));
  REQUIRE(local_fun_environment(fun->term).size() == 2);
  CHECK(local_fun_environment(fun->term)[1] == Term::small(8));
  CHECK(encoded(fun->term, EncodeOptions::of_release(25)) == bytes);
  codec.decode.resolver = nullptr;
  CHECK_FALSE(codec.read(bytes).has_value());
}

TEST_CASE("compressed terms have zlib's bytes", "[etf]") {
  Codec codec;
  EncodeOptions options = EncodeOptions::of_release(25);
  // lists:duplicate(100, abc)
  ListBuilder list(codec.heap);
  for (int i = 0; i < 100; ++i) list.add(must_atom("abc"));
  Bytes bytes = from_hex("83500000025e789ccb616060484961604e4c4a1e254749ea92590051a09c4f");
  Term term = list.finish();
  ByteScratch scratch;
  ByteSpan written = binary_bytes(external_binary(codec.heap, term, options, -1), scratch);
  CHECK(Bytes(written.begin(), written.end()) == bytes);
  bytes.push_back(0);
  std::optional<Decoded> decoded = codec.read(bytes);
  REQUIRE(decoded.has_value());
  CHECK(decoded->used == bytes.size() - 1);
  CHECK(exact_equal(decoded->term, term));
  bytes[5] ^= 1;  // another size
  CHECK_FALSE(codec.read(bytes).has_value());
  // binary:copy(<<"abc">>, 100), {compressed, 9}
  std::string text;
  for (int i = 0; i < 100; ++i) text += "abc";
  Term binary = external_binary(codec.heap, make_binary(codec.heap, text), options, 9);
  CHECK(exact_equal(binary, make_binary(codec.heap, from_hex("83500000013178dacb656060d4494c4a1e45"
                                                             "4422003f287373"))));
  // What does not get shorter stays as it is.
  CHECK(bits_size(external_binary(codec.heap, atoms::ok, options, 9)) ==
        8 * *external_size(atoms::ok, options));
}

TEST_CASE("input that is no term is refused", "[etf]") {
  Codec codec;
  for (const char* hex : {
           "",
           "83",
           "82",
           "6100",
           "8361",
           "8362000000",
           "836c7fffffff6a",    // a list of two billion elements
           "8369ffffffff",      // a tuple of four
           "8374ffffffff6161",  // a map
           "836d000000056161",  // a binary cut short
           "834d0000000100a0",
           "834d0000000109a0",
           "834d0000000008",
           "837400000002610161006101610a",  // a key twice
           "83467ff0000000000000",          // infinity
           "83467ff8000000000000",          // not a number
           "837702c080",
           "8377ff",  // no UTF-8, cut short
           "8375",    // the old funs
           "8363312e35652b30300000000000000000000000000000000000000000000000",
           "8364010161",
           "836f00100000006161",
           "8358610100000005000000070000000000",
           "83716100640001610101",
           "8371640001616400016162ffffffff",
           "836c000000016a",
           "8350000000056161",
           "8379000000006a",
       }) {
    INFO(hex);
    CHECK_FALSE(codec.read(hex).has_value());
  }
}

TEST_CASE("twenty bytes that claim a billion elements are refused before memory is taken",
          "[etf]") {
  Codec codec;
  for (const char* start : {
           "836c3b9aca00",                                      // a list
           "83693b9aca00",                                      // a tuple
           "83743b9aca00",                                      // a map
           "836d3b9aca00",                                      // a binary
           "834d3b9aca0008",                                    // bits
           "836f3b9aca0000",                                    // an integer
           "836bffff",                                          // a string, of the most it can have
           "8368ff68ff68ff68ff68ff68ff",                        // small tuples in each other
           "836c0000000e6c0000000e",                            // more than one level may have
           "836801693b9aca00",                                  // below the top
           "8370000000000000000000000000000000000000003b9aca",  // a fun's free variables
           "83503b9aca00789c6b04000062",                        // compressed
       }) {
    Bytes bytes = from_hex(start);
    bytes.resize(std::max<size_t>(bytes.size(), 20), 0x6a);
    INFO(start);
    CHECK_FALSE(codec.read(bytes).has_value());
    CHECK(codec.heap.fragment_words == 0);
    CHECK(codec.heap.fragments == nullptr);
  }
}

TEST_CASE("safe decoding makes no atoms and no functions", "[etf]") {
  Codec codec;
  codec.decode.safe = true;
  CHECK(codec.term("836400026f6b") == atoms::ok);
  size_t before = atom_count();
  CHECK_FALSE(codec.read("83640011736f6d655f6e65775f61746f6d5f31323334").has_value());
  CHECK_FALSE(codec.read("83716400056c697374736400036d61706102").has_value());
  CHECK(atom_count() == before);
}

TEST_CASE("local terms leave out the node and are bound to a key", "[etf]") {
  Codec codec;
  EncodeOptions options = EncodeOptions::of_release(27);
  options.local = true;
  options.local_key = 42;
  Term term = make_tuple(codec.heap, {make_local_pid(1, 2), Term::local_port(3)});
  Bytes bytes = encoded(term, options);
  CHECK(bytes.size() == 6 + 2 + 14 + 14);
  codec.decode.local_key = 42;
  std::optional<Decoded> decoded = codec.read(bytes);
  REQUIRE(decoded.has_value());
  CHECK(exact_equal(decoded->term, term));
  CHECK(decoded->used == bytes.size());
  codec.decode.local_key = 43;
  CHECK_FALSE(codec.read(bytes).has_value());
}

TEST_CASE("maps of any size survive, and deterministic ones are sorted", "[etf]") {
  Codec codec;
  for (size_t count : {0, 1, 31, 32, 33, 1000}) {
    std::vector<Term> pairs;
    for (size_t i = 0; i < count; ++i) {
      Term key = Term::small(static_cast<int64_t>(i * 7919 % count));
      pairs.push_back(key);
      pairs.push_back(make_tuple(codec.heap, {key}));
    }
    Term map = make_map(codec.heap, pairs);
    Term outer = make_tuple(codec.heap, {map, make_map(codec.heap, {{map, map}})});
    EncodeOptions options = EncodeOptions::of_release(27);
    std::optional<Decoded> decoded = codec.read(encoded(outer, options));
    REQUIRE(decoded.has_value());
    CHECK(exact_equal(decoded->term, outer));
    options.deterministic = true;
    Bytes sorted = encoded(map, options);
    REQUIRE(sorted.size() == *external_size(map, options));
    if (count == 1000)
      CHECK(Bytes(sorted.begin() + 6, sorted.begin() + 13) == Bytes{97, 0, 104, 1, 97, 0, 97});
    REQUIRE(codec.read(sorted).has_value());
    // A key twice in a map of any size.
    if (count < 2) continue;
    Bytes twice(sorted.begin(), sorted.end());
    std::copy_n(twice.begin() + 6, 2, twice.begin() + 12);
    CHECK_FALSE(codec.read(twice).has_value());
  }
}

TEST_CASE("deep nesting needs no native stack", "[etf]") {
  constexpr size_t kDepth = 3'000'000;
  Codec codec;
  Term lists = Term::nil();
  Term tuples = Term::nil();
  for (size_t i = 0; i < kDepth; ++i) {
    lists = make_cons(codec.heap, lists, Term::nil());
    tuples = make_tuple(codec.heap, {tuples});
  }
  EncodeOptions options = EncodeOptions::of_release(27);
  for (Term term : {lists, tuples}) {
    Bytes bytes = encoded(term, options);
    std::optional<Decoded> decoded = codec.read(bytes);
    REQUIRE(decoded.has_value());
    CHECK(encoded(decoded->term, options) == bytes);
  }
}

TEST_CASE("atoms above Latin-1 and long ones have the tags for them", "[etf]") {
  Codec codec;
  std::string long_name;
  for (int i = 0; i < 255; ++i) long_name += "\xce\xb1";
  Term atom = must_atom(long_name);
  Bytes bytes = encoded(atom, EncodeOptions::of_release(25));
  CHECK(bytes[1] == etf::kAtomUtf8);
  CHECK(bytes.size() == 4 + 510);
  CHECK(codec.read(bytes)->term == atom);
  Bytes too_long = {131, 118, 2, 0};
  for (int i = 0; i < 256; ++i) too_long.insert(too_long.end(), {0xce, 0xb1});
  CHECK_FALSE(codec.read(too_long).has_value());
}
