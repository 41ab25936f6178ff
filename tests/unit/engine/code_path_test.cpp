#include "vm/engine/code_path.h"

#include <catch2/catch.hpp>

#include "tests/unit/engine/fake_roots.h"

using namespace joist;

TEST_CASE("A code path finds the first beam of a name") {
  FakeRoots roots;
  roots.write("own/lists.beam", "");
  roots.write("otp/lib/stdlib-4.2/ebin/lists.beam", "");
  roots.write("otp/lib/stdlib-4.2/ebin/maps.beam", "");
  CodePath path;
  path.add(roots.path("own"));
  REQUIRE(path.add_otp(roots.path("otp")).ok());
  CHECK(path.find("lists") == roots.path("own/lists.beam"));
  CHECK(path.find("maps") == roots.path("otp/lib/stdlib-4.2/ebin/maps.beam"));
  CHECK_FALSE(path.find("none").has_value());
  CHECK_FALSE(path.find("../own/lists").has_value());
  CHECK_FALSE(path.find(std::string_view("lists\0x", 7)).has_value());
  CHECK_FALSE(path.add_otp(roots.path("none")).ok());
}
