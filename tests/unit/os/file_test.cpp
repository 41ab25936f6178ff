#include "vm/os/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>

using namespace joist;

namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/joist_file_test_XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() { std::system(("rm -rf " + path_).c_str()); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = path_ + "/" + name;
    FILE* file = std::fopen(path.c_str(), "w");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
    return path;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("read_file returns all bytes of a file") {
  TemporaryDirectory directory;
  const std::string text = std::string(100'000, 'x') + '\0' + "end";
  const auto bytes = read_file(directory.write("big", text));
  REQUIRE(bytes.ok());
  CHECK(std::string(bytes.value().begin(), bytes.value().end()) == text);
  CHECK(read_file(directory.write("empty", "")).value().empty());
  // A file whose size the system reports as 0.
  CHECK_FALSE(read_file("/proc/self/status").value().empty());
}

TEST_CASE("read_file tells missing, directory and unreadable apart") {
  TemporaryDirectory directory;
  CHECK(read_file(directory.path() + "/none").error().text ==
        directory.path() + "/none: no such file");
  CHECK(read_file(directory.path()).error().text == directory.path() + ": is a directory");
  const std::string secret = directory.write("secret", "x");
  chmod(secret.c_str(), 0);
  if (geteuid() != 0) CHECK(read_file(secret).error().text == secret + ": Permission denied");
  const std::string file = directory.write("file", "");
  CHECK(read_file(file + "/below").error().text == file + "/below: Not a directory");
}

TEST_CASE("list_directory is sorted and complete") {
  TemporaryDirectory directory;
  directory.write("b", "");
  directory.write("a", "");
  directory.write(".hidden", "");
  CHECK(list_directory(directory.path()).value() == std::vector<std::string>{".hidden", "a", "b"});
  CHECK_FALSE(list_directory(directory.path() + "/none").ok());
  CHECK(file_kind(directory.path()) == FileKind::kDirectory);
  CHECK(file_kind(directory.path() + "/a") == FileKind::kRegular);
  CHECK(file_kind(directory.path() + "/none") == FileKind::kMissing);
}
