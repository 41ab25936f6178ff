#include "loader/line_table.h"

#include "tests/unit/loader/sample.h"

using namespace joist;
using joist::testing::from_hex;

namespace {

// Header with `positions` and `names`, then `rest`.
std::string chunk(const char* positions, const char* names, const char* rest) {
  return std::string("000000000000000000000009") + positions + names + rest;
}

bool refused(const std::string& hex) {
  BeamFile file;
  const auto bytes = from_hex(hex);
  return !parse_lines(file, bytes).ok();
}

bool parse(BeamFile& file, const std::string& hex) {
  file.file_bytes = from_hex(hex);
  return parse_lines(file, file.file_bytes).ok();
}

}  // namespace

TEST_CASE("positions take the last file named") {
  BeamFile file;
  // line 5, file 1, line 16, line 2047
  REQUIRE(parse(file, chunk("00000003", "00000001", "51120910e9ff0005612e68726c")));
  REQUIRE(file.lines.size() == 4);
  CHECK(file.lines[0].line == 0);
  CHECK((file.lines[1].file == 0 && file.lines[1].line == 5));
  CHECK((file.lines[2].file == 1 && file.lines[2].line == 16));
  CHECK((file.lines[3].file == 1 && file.lines[3].line == 2047));
  REQUIRE(file.files.size() == 2);
  CHECK(file.files[1] == "a.hrl");
}

TEST_CASE("a line table of another version is ignored") {
  BeamFile file;
  REQUIRE(parse(file, "00000001ffff"));
  CHECK(file.lines.empty());
}

TEST_CASE("broken line tables are refused") {
  CHECK(refused("00000000"));
  CHECK(refused(chunk("7fffffff", "00000000", "51")));
  CHECK(refused(chunk("00000001", "7fffffff", "51")));
  CHECK(refused(chunk("00000001", "00000000", "2251")));    // file 2 of 0
  CHECK(refused(chunk("00000001", "00000000", "19ffff")));  // line -1
  CHECK(refused(chunk("00000001", "00000000", "53")));      // an x register
  CHECK(refused(chunk("00000001", "00000001", "510002ff61")));
  CHECK(refused(chunk("00000001", "00000001", "51000561")));
}
