#include "vm/base/result.h"

#include <catch2/catch.hpp>
#include <memory>

using namespace joist;

namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return make_error("%d is odd", number);
  return number / 2;
}

Result<std::unique_ptr<int>> quarter(int number) {
  const int once = JOIST_TRY(half(number));
  const int twice = JOIST_TRY(half(once));
  return std::make_unique<int>(twice);
}

Result<void> must_be_even(int number) {
  JOIST_TRY(half(number));
  return {};
}

}  // namespace

TEST_CASE("JOIST_TRY yields the value or returns the error") {
  Result<std::unique_ptr<int>> good = quarter(12);
  REQUIRE(good.ok());
  CHECK(*good.take() == 3);
  const Result<std::unique_ptr<int>> bad = quarter(6);
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().text == "3 is odd");
}

TEST_CASE("Result<void> carries only an error") {
  CHECK(must_be_even(4).ok());
  CHECK(must_be_even(5).error().text == "5 is odd");
}
