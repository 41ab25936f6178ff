#include "loader/type_chunk.h"

#include "tests/unit/loader/sample.h"

using namespace joist;
using joist::testing::from_hex;

namespace {

std::vector<TypeEntry> types_of(std::string_view hex) {
  BeamFile file;
  const auto bytes = from_hex(hex);
  const auto result = parse_types(file, bytes);
  INFO(hex);
  REQUIRE(result.ok());
  return file.types;
}

bool refused(std::string_view hex) {
  BeamFile file;
  const auto bytes = from_hex(hex);
  return !parse_types(file, bytes).ok();
}

constexpr const char* kAnyRange1 = "0000000000000000ffffffffffffffff";

}  // namespace

TEST_CASE("version 1: a range where min <= max, match contexts are bitstrings") {
  const std::string any = std::string("1fff") + kAnyRange1;
  const auto types = types_of("0000000100000003" + any + "0004" + kAnyRange1 +
                              "0040fffffffffffffff60000000000000007");
  REQUIRE(types.size() == 3);
  CHECK(types[0].kinds == kTypeAny);
  CHECK_FALSE(types[0].has_min);
  CHECK(types[1].kinds == kTypeBitstring);
  CHECK(types[2].kinds == kTypeInteger);
  CHECK((types[2].has_min && types[2].has_max));
  CHECK(types[2].min == -10);
  CHECK(types[2].max == 7);
}

TEST_CASE("version 2: flags above the kinds") {
  const auto types = types_of("00000002000000021fff20400000000000000005");
  REQUIRE(types.size() == 2);
  CHECK(types[0].kinds == kTypeAny);
  CHECK(types[1].kinds == kTypeInteger);
  CHECK(types[1].has_min);
  CHECK_FALSE(types[1].has_max);
  CHECK(types[1].min == 5);
}

TEST_CASE("versions 3 and 4 differ by the bit of records") {
  const auto three = types_of("00000003000000030fff4002070800");
  REQUIRE(three.size() == 3);
  CHECK(three[0].kinds == kTypeAny);
  CHECK(three[1].kinds == kTypeBitstring);
  CHECK(three[1].unit == 8);
  CHECK(three[2].kinds == kTypeTuple);

  const auto four = types_of("00000004000000031fff8002071000");
  REQUIRE(four.size() == 3);
  CHECK(four[0].kinds == kTypeAny);
  CHECK(four[1].unit == 8);
  CHECK(four[2].kinds == kTypeRecord);
}

TEST_CASE("an unknown version means any") {
  CHECK(types_of("00000063ffffffff").size() == 1);
  CHECK(types_of("").size() == 1);
}

TEST_CASE("broken type tables are refused") {
  CHECK(refused("0000000400000000"));
  CHECK(refused("00000004ffffffff1fff"));
  CHECK(
      refused("0000000400000001"
              "0001"));  // the first is not any
  CHECK(
      refused("0000000400000002"
              "1fff"
              "0000"));  // no kind
  CHECK(
      refused("0000000400000002"
              "1fff"
              "2001"));  // a range of atoms
  CHECK(
      refused("0000000400000002"
              "1fff"
              "80010f"));  // a unit of atoms
  CHECK(
      refused("0000000400000002"
              "1fff"
              "2020"));  // the bound is missing
}
