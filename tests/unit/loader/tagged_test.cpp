#include "loader/tagged.h"

#include "tests/unit/loader/sample.h"

using namespace joist;
using joist::testing::from_hex;

namespace {

TaggedNumber decode(std::string_view hex) {
  const auto bytes = from_hex(hex);
  ByteReader reader(bytes);
  const TaggedNumber number = read_tagged(reader);
  REQUIRE(reader.ok());
  REQUIRE(reader.at_end());
  return number;
}

bool fails(std::string_view hex) {
  const auto bytes = from_hex(hex);
  ByteReader reader(bytes);
  read_tagged(reader);
  return !reader.ok();
}

}  // namespace

// The encodings are those of beam_asm:encode/2.
TEST_CASE("read_tagged reads what the compiler writes") {
  struct Case {
    const char* hex;
    Tag tag;
    int64_t value;
  };
  const Case cases[] = {
      {"f0", Tag::kUnsigned, 15},
      {"0810", Tag::kUnsigned, 16},
      {"e8ff", Tag::kUnsigned, 2047},
      {"180800", Tag::kUnsigned, 2048},
      {"19ffff", Tag::kInteger, -1},
      {"09ff", Tag::kInteger, 255},
      {"19ff7f", Tag::kInteger, -129},
      {"d97fffffffffffffff", Tag::kInteger, INT64_MAX},
      {"d98000000000000000", Tag::kInteger, INT64_MIN},
      {"6bff", Tag::kX, 1023},
  };
  for (const Case& wanted : cases) {
    INFO(wanted.hex);
    const TaggedNumber number = decode(wanted.hex);
    CHECK(number.tag == wanted.tag);
    CHECK(number.fits());
    CHECK(number.value == wanted.value);
  }
  CHECK(static_cast<uint64_t>(decode("f80000ffffffffffffffff").value) == UINT64_MAX);
}

TEST_CASE("read_tagged keeps the bytes of what does not fit") {
  CHECK(decode("f900008000000000000000").wide.size() == 9);  // 1 bsl 63
  CHECK(decode("f900ff7fffffffffffffff").wide.size() == 9);  // -(1 bsl 63) - 1
  CHECK(decode("f94010000000000000000000000000").wide.size() == 13);
  CHECK(decode("f800010000000000000000").wide.size() == 9);  // unsigned 1 bsl 64
  CHECK_FALSE(decode("f800010000000000000000").is_below(Tag::kUnsigned, UINT64_MAX));
}

TEST_CASE("read_tagged fails on numbers cut short or absurdly long") {
  CHECK(fails(""));
  CHECK(fails("08"));
  CHECK(fails("1808"));
  CHECK(fails("f9"));
  CHECK(fails("f90000"));
  CHECK(fails("f9f8ffffffffffffffffffff"));  // a length with a length
  CHECK(fails("f9d8ffffffffffffffff00"));    // a length above any file
  CHECK(fails("f901ff"));                    // a length that is no unsigned number
}
