#include "vm/os/environment.h"

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace joist;

TEST_CASE("The environment starts as the system's and changes apart from it") {
  setenv("JOIST_ENVIRONMENT_TEST", "a=b", 1);
  Environment environment;
  CHECK(environment.get("JOIST_ENVIRONMENT_TEST") == "a=b");
  environment.set("JOIST_ENVIRONMENT_TEST", "");
  CHECK(environment.get("JOIST_ENVIRONMENT_TEST") == "");
  CHECK(std::string(getenv("JOIST_ENVIRONMENT_TEST")) == "a=b");
  environment.unset("JOIST_ENVIRONMENT_TEST");
  CHECK_FALSE(environment.get("JOIST_ENVIRONMENT_TEST").has_value());
  environment.set("ZZ_JOIST", "1");
  const auto all = environment.all();
  CHECK(std::find(all.begin(), all.end(), "ZZ_JOIST=1") != all.end());
}
