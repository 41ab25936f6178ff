#include "vm/engine/otp_root.h"

#include <catch2/catch.hpp>

#include "tests/unit/engine/fake_roots.h"

using namespace joist;

namespace {

// The variables of a user who has set none of those that matter.
void clear(Environment& environment) {
  for (const char* name : {"ROOTDIR", "JOIST_OTP_ROOT"}) environment.unset(name);
  environment.set("PATH", "");
}

}  // namespace

TEST_CASE("An OTP root tells its release, version and erts folder") {
  FakeRoots roots;
  const std::string path = roots.make("r", "27", "27.3.4.1");
  const auto root = open_otp_root(path + "//");
  REQUIRE(root.ok());
  CHECK(root.value().path == path);
  CHECK(root.value().release == 27);
  CHECK(root.value().version == "27.3.4.1");
  CHECK(root.value().erts == path + "/lib/erts-1.0");
}

TEST_CASE("With several releases in a root, start_erl.data decides, else the newest") {
  FakeRoots roots;
  const std::string path = roots.make("r", "9", "9.1");
  roots.make("r", "25", "25.2.3");
  roots.make("r", "27", "27.1");
  CHECK(open_otp_root(path).value().release == 27);
  roots.write("r/releases/start_erl.data", "13.1.5 25\n");
  CHECK(open_otp_root(path).value().version == "25.2.3");
}

TEST_CASE("The search keeps its order") {
  FakeRoots roots;
  Environment environment;
  clear(environment);
  const std::string on_path = roots.make("on_path", "25", "25.1");
  const std::string staged = roots.make("build/otp", "25", "25.2");
  const std::string by_variable = roots.make("by_variable", "25", "25.3");
  const std::string rootdir = roots.make("rootdir", "25", "25.4");
  const std::string named = roots.make("named", "25", "25.5");
  // An erl that belongs to no OTP root is passed over.
  roots.write("build/bin/erl", "#!/bin/sh\n");
  environment.set("PATH", roots.path("build/bin") + ":" + roots.path("links"));
  std::filesystem::create_directories(roots.path("links"));
  std::filesystem::create_symlink(on_path + "/bin/erl", roots.path("links/erl"));

  OtpRootSearch search;
  search.environment = &environment;
  CHECK(find_otp_root(search).value().version == "25.1");
  CHECK(find_otp_root(search).value().origin == "erl on PATH");
  search.program_folder = roots.path("build/bin");
  CHECK(find_otp_root(search).value().version == "25.2");
  environment.set("JOIST_OTP_ROOT", by_variable);
  CHECK(find_otp_root(search).value().version == "25.3");
  environment.set("ROOTDIR", rootdir);
  CHECK(find_otp_root(search).value().version == "25.4");
  search.named = named;
  CHECK(find_otp_root(search).value().version == "25.5");
}

TEST_CASE("A wrong root that was ordered is an error, not passed over") {
  FakeRoots roots;
  Environment environment;
  clear(environment);
  environment.set("JOIST_OTP_ROOT", roots.path("none"));
  OtpRootSearch search;
  search.environment = &environment;
  const auto root = find_otp_root(search);
  REQUIRE_FALSE(root.ok());
  CHECK(root.error().text == roots.path("none") + " (from JOIST_OTP_ROOT) is no OTP root: " +
                                 roots.path("none") + "/releases: no such file");
}
