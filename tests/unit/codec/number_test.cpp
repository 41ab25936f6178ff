#include "vm/codec/number.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>

#include "vm/heap/arith.h"
#include "vm/heap/builder.h"
#include "vm/term/compare.h"
#include "vm/term/rules.h"

using namespace joist;

namespace {

// All expected texts are OTP 25's.
struct ShortRow {
  Word bits;
  std::string_view text;
};
constexpr ShortRow kShort[] = {
    {0x0000000000000000, "0.0"},
    {0x8000000000000000, "-0.0"},
    {0x3ff0000000000000, "1.0"},
    {0xbff0000000000000, "-1.0"},
    {0x3fb999999999999a, "0.1"},
    {0x4059000000000000, "100.0"},
    {0x408f400000000000, "1.0e3"},
    {0x40c3880000000000, "1.0e4"},
    {0x40fe240000000000, "123456.0"},
    {0x4132d68000000000, "1234560.0"},
    {0x4206fee0e1a00000, "12345678900.0"},
    {0x444b1ae4d6e2ef50, "1.0e21"},
    {0x4480f0cf064dd592, "1.0e22"},
    {0x44b52d02c7e14af6, "1.0e23"},
    {0x3f1a36e2eb1c432d, "0.0001"},
    {0x3ee4f8b588e368f1, "1.0e-5"},
    {0x3f5426fe718a86d7, "0.00123"},
    {0x3e80823f71155233, "1.23e-7"},
    {0x3f8948b0da0e3a11, "0.012345678"},
    {0x433fffffffffffff, "9007199254740991.0"},
    {0x4340000000000000, "9.007199254740992e15"},
    {0x4340000000000001, "9.007199254740994e15"},
    {0x4340000000000004, "9.007199254741e15"},
    {0x4373ffffffffffff, "9.00719925474099e16"},
    {0x437b69b4ba630f35, "1.2345678901234568e17"},
    {0x4330000000000000, "4503599627370496.0"},
    {0x0000000000000001, "5.0e-324"},
    {0x0010000000000000, "2.2250738585072014e-308"},
    {0x7fefffffffffffff, "1.7976931348623157e308"},
    {0x400921fb54442d18, "3.141592653589793"},
    {0xc004000000000000, "-2.5"},
    {0x4202a05f20000000, "1.0e10"},
    {0x4212a05f20000000, "2.0e10"},
    {0x420bf08eb0000000, "1.5e10"},
    {0x41cdcd6500000000, "1.0e9"},
    {0x41d26580b4800000, "1234567890.0"},
    {0x4206fee0e1a80000, "12345678901.0"},
    {0x423cbe991a140000, "123456789012.0"},
    {0x3fd3333333333333, "0.3"},
    {0x3f60624dd2f1a9fc, "0.002"},
    {0x3eea36e2eb1c432d, "1.25e-5"},
};

struct DecimalsRow {
  Word bits;
  int decimals;
  bool compact;
  std::string_view text;  // empty: refused
};
constexpr DecimalsRow kDecimals[] = {
    {0x0000000000000000, 0, false, "0"},
    {0x8000000000000000, 3, false, "-0.000"},
    {0x3fe0000000000000, 0, false, "1"},
    {0x3ff8000000000000, 0, false, "2"},
    {0x4004000000000000, 0, false, "3"},
    {0xbf1a36e2eb1c432d, 1, false, "-0.0"},
    {0x3fc0000000000000, 2, false, "0.13"},
    {0x3ff0147ae147ae14, 2, false, "1.00"},
    {0x3feff7ced916872b, 2, false, "1.00"},
    {0x3fa999999999999a, 1, false, "0.1"},
    {0x3fc3333333333333, 1, false, "0.2"},
    {0xbfff333333333333, 1, false, "-2.0"},
    {0x4059000000000000, 0, true, "100"},
    {0x4059000000000000, 3, true, "100.0"},
    {0x3ff4000000000000, 5, true, "1.25"},
    {0x4415af1d78b58c40, 0, true, "1"},
    {0x4415af1d78b58c40, 2, true, "100000000000000000000.0"},
    {0x4340000000000000, 2, false, "9007199254740992.00"},
    {0x4340000000000001, 2, false, "9007199254740994.00"},
    {0x3fb999999999999a, 18, false, "0.100000000000000000"},
    {0x3fb999999999999a, 19, false, "0.1000000000000000056"},
    {0x3fb999999999999a, 25, true, "0.1000000000000000055511151"},
    {0x3ff8000000000000, -1, false, ""},
    {0x7e37e43c8800759c, 0, false, ""},
    {0x73d658e3ab795204, 4, false,
     "999999999999999921096833083214702657554042769375222237286651769671841261663933600278047414170"
     "535414411036408111814232401040478571454131528428125775275729162364250341707296785977412047465"
     "0369161140553335192009630674782085554695972153397552576515276800.0000"},
    {0x7475d2ce55747a18, 1, false,
     "999999999999999936358706937767591773642570732757007356483944072335815627805270754889338699458"
     "694757798103518260940569245515066416531433574377226240942000556018171970272123856812886243740"
     "3998276353831973920663150777435958293799716241167969694049028276224.0"},
    {0x3ff8000000000000, 255, true, ""},
    {0x419d6f3457f35ba8, 6, false, "123456789.987654"},
};

struct ScientificRow {
  Word bits;
  int decimals;
  std::string_view text;  // empty: refused
};
constexpr ScientificRow kScientific[] = {
    {0x0000000000000000, 20, "0.00000000000000000000e+00"},
    {0x8000000000000000, 2, "-0.00e+00"},
    {0x3ff8000000000000, 0, "2e+00"},
    {0x4004000000000000, 0, "2e+00"},
    {0x3ff8000000000000, -1, "1.500000e+00"},
    {0x3ff199999999999a, 20, "1.10000000000000008882e+00"},
    {0xd4b249ad2594c37d, 3, "-1.000e+100"},
    {0x0000000000000001, 20, "4.94065645841246544177e-324"},
    {0x7fefffffffffffff, 17, "1.79769313486231571e+308"},
    {0x4023fff2e48e8a72, 2, "1.00e+01"},
    {0x3ff8000000000000, 250, ""},
};

struct IntegerRow {
  std::string_view decimal;
  unsigned base;
  std::string_view text;
};
constexpr IntegerRow kIntegers[] = {
    {"0", 2, "0"},
    {"-1", 36, "-1"},
    {"255", 16, "FF"},
    {"-255", 2, "-11111111"},
    {"2305843009213693952", 10, "2305843009213693952"},
    {"-2305843009213693952", 10, "-2305843009213693952"},
    {"-2305843009213693953", 36, "-HIO94MRRLK3L"},
    {"18446744073709551616", 16, "10000000000000000"},
    {"340282366920938463463374607431768211455", 32, "7VVVVVVVVVVVVVVVVVVVVVVVVV"},
    {"-1606938044258990275541962092341162602522202993782792835301376", 7,
     "-141246066533632643213232344050606053061443446006544361632102630555343054"},
    {"10000000000000000000000", 10, "10000000000000000000000"},
    {"9999999999999999999", 10, "9999999999999999999"},
    {"18446744073709551615", 35, "5G24A25TWKWFF"},
};

Term integer(Allocator& heap, std::string_view text, unsigned base = 10) {
  ParsedInteger parsed = text_to_integer(heap, text, base);
  REQUIRE(parsed.status == TextStatus::kOk);
  return parsed.value;
}

double float_of(Word bits) { return std::bit_cast<double>(bits); }

}  // namespace

TEST_CASE("the shortest text of a float") {
  for (const ShortRow& row : kShort) {
    char buffer[kFloatTextRoom];
    size_t size = float_to_shortest(float_of(row.bits), buffer);
    CHECK(std::string_view(buffer, size) == row.text);
  }
}

TEST_CASE("any float is read back from its shortest text and from 17 digits") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100000; ++i) {
    Word bits = random();
    double value = float_of(bits);
    if (!std::isfinite(value)) continue;
    char buffer[kFloatTextRoom];
    std::optional<double> back = text_to_float({buffer, float_to_shortest(value, buffer)});
    REQUIRE((back && std::bit_cast<Word>(*back) == bits));
    back = text_to_float({buffer, float_to_scientific(value, 16, buffer)});
    REQUIRE((back && std::bit_cast<Word>(*back) == bits));
  }
}

TEST_CASE("floats with a number of decimals") {
  for (const DecimalsRow& row : kDecimals) {
    char buffer[kFloatTextRoom];
    size_t size = float_to_decimals(float_of(row.bits), row.decimals, row.compact, buffer);
    CHECK(std::string_view(buffer, size) == row.text);
  }
}

TEST_CASE("floats in scientific notation") {
  for (const ScientificRow& row : kScientific) {
    char buffer[kFloatTextRoom];
    size_t size = float_to_scientific(float_of(row.bits), row.decimals, buffer);
    CHECK(std::string_view(buffer, size) == row.text);
  }
}

TEST_CASE("the syntax of floats") {
  for (std::string_view text : {"",         "-",
                                "+",        ".5",
                                "1",        "1.",
                                "1.e5",     "1e5",
                                "+-1.5",    "-+1.5",
                                " 1.5",     "1.5 ",
                                "1.5e",     "1.5e+",
                                "1.5e+-1",  "1.5x",
                                "inf",      "nan",
                                "0x1.8p1",  "1.5e309",
                                "-1.5e309", "1.0e99999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(text_to_float(text));
  }
  CHECK(text_to_float("1.5") == 1.5);
  CHECK(text_to_float("+01.50") == 1.5);
  CHECK(text_to_float("-1,5E+02") == -150.0);
  CHECK(text_to_float("1.5e-00001") == 0.15);
  CHECK(text_to_float(std::string_view("1.5\0x", 5)) == 1.5);
  CHECK(text_to_float("4.9e-324") == 5e-324);
  CHECK(text_to_float("1.7976931348623157e308") == 1.7976931348623157e308);
}

TEST_CASE("what is too small for a float is zero") {
  CHECK(text_to_float("1.5e-400") == 0.0);
  CHECK(text_to_float("1.0e-99999999999999999999") == 0.0);
  CHECK(text_to_float("0.0e99999") == 0.0);
  std::optional<double> negative = text_to_float("-1.5e-400");
  REQUIRE(negative);
  CHECK(std::signbit(*negative));
  std::string tiny = "0." + std::string(400, '0') + "1";
  CHECK(text_to_float(tiny) == 0.0);
  CHECK(text_to_float(tiny + "e402") == 10.0);
  // Beyond the range by its digits, back in it by its exponent; but not with a comma.
  std::string huge = "1" + std::string(400, '0');
  CHECK(text_to_float(huge + ".0e-400") == 1.0);
  CHECK_FALSE(text_to_float(huge + ",0e-400"));
  CHECK_FALSE(text_to_float(huge + ".0"));
}

TEST_CASE("integers in any base") {
  for (const IntegerRow& row : kIntegers) {
    Allocator heap;
    Term value = integer(heap, row.decimal);
    CHECK(IntegerText(value, row.base).text() == row.text);
    CHECK(exact_equal(integer(heap, row.text, row.base), value));
  }
}

TEST_CASE("integers of all sizes are read back from their text") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 2000; ++i) {
    Allocator heap;
    uint8_t bytes[700];
    size_t count = random() % (random() % 4 == 0 ? sizeof(bytes) : 20);
    for (size_t j = 0; j < count; ++j) bytes[j] = static_cast<uint8_t>(random());
    Term value = make_integer_from_bytes(heap, bytes, count, true, true);
    auto base = static_cast<unsigned>(kMinBase + random() % (kMaxBase - 1));
    std::string text(IntegerText(value, base).text());
    REQUIRE(exact_equal(integer(heap, text, base), value));
    if (text.front() == '-') text.erase(0, 1);
    for (char& c : text) c = static_cast<char>(tolower(c));
    REQUIRE(exact_equal(integer(heap, "+000" + text, base), arith_absolute(heap, value).value));
  }
}

TEST_CASE("the syntax of integers") {
  Allocator heap;
  for (std::string_view text : {"", "-", "+", "--1", "+-1", "1-", " 1", "1 ", "1_0", "A", "1.0"}) {
    INFO(text);
    CHECK(text_to_integer(heap, text, 10).status == TextStatus::kMalformed);
  }
  CHECK(text_to_integer(heap, "12", 2).status == TextStatus::kMalformed);
  CHECK(text_to_integer(heap, "z", 35).status == TextStatus::kMalformed);
  CHECK(integer(heap, "-0") == Term::small(0));
  CHECK(integer(heap, "Zz", 36) == Term::small(1295));
  CHECK(integer(heap, "-" + std::string(3000, '0') + "7") == Term::small(-7));
}

TEST_CASE("the longest integer of each base, and one that is too long") {
  set_term_rules(27);
  for (unsigned base : {2u, 3u, 10u, 16u, 36u}) {
    INFO(base);
    Allocator heap;
    size_t bits = term_rules().max_big_limbs * 64;
    Term top =
        arith_shift_left(heap, Term::small(1), Term::small(static_cast<int64_t>(bits - 1))).value;
    Term most = arith_add(heap, top, arith_subtract(heap, top, Term::small(1)).value).value;
    std::string text(IntegerText(most, base).text());
    REQUIRE(exact_equal(integer(heap, text, base), most));
    CHECK(text_to_integer(heap, text + "0", base).status == TextStatus::kSystemLimit);
    CHECK(text_to_integer(heap, text + text, base).status == TextStatus::kSystemLimit);
  }
  set_term_rules(25);
}
