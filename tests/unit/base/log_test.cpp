#include "vm/base/log.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

using namespace joist;

namespace {

// What `body` writes to standard error.
template <typename Body>
std::string standard_error_of(Body body) {
  FILE* file = std::tmpfile();
  const int saved = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  body();
  std::fflush(stderr);
  dup2(saved, STDERR_FILENO);
  close(saved);
  std::rewind(file);
  char text[4096];
  const size_t size = std::fread(text, 1, sizeof text, file);
  std::fclose(file);
  return std::string(text, size);
}

}  // namespace

TEST_CASE("Log writes one line for a message of its level or above") {
  const std::string text = standard_error_of([] {
    Log log(LogLevel::kWarning);
    log.info("not shown %d", 1);
    log.warning("shown %d {}", 2);
    log.error("%s", "also");
  });
  CHECK(text == "joist: warning: shown 2 {}\njoist: error: also\n");
}
