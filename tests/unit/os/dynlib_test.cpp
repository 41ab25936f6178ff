#include "vm/os/dynlib.h"

#include <catch2/catch.hpp>

using namespace joist;

TEST_CASE("A shared object's symbols are found by name") {
  Result<DynLib> opened = DynLib::open("libz.so.1");
  REQUIRE(opened.ok());
  const DynLib library = opened.take();
  auto* version = reinterpret_cast<const char* (*)()>(library.symbol("zlibVersion"));
  REQUIRE(version != nullptr);
  CHECK(version()[0] == '1');
  CHECK(library.symbol("no_such_symbol") == nullptr);
}

TEST_CASE("What cannot be loaded is an error that names it") {
  CHECK(DynLib::open("/nowhere/lib.so").error().text.find("/nowhere/lib.so") == 0);
}
