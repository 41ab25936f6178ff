#include "vm/os/quick_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>

#include "vm/os/file_descriptor.h"

using namespace joist;

namespace {

constexpr size_t kLongest = 1000;

class Folder {
 public:
  Folder() { REQUIRE(mkdtemp(path_) != nullptr); }
  ~Folder() { std::system((std::string("rm -rf ") + path_).c_str()); }
  std::string operator/(const char* name) const { return std::string(path_) + "/" + name; }
  std::string write(const char* name, const std::string& text) const {
    std::ofstream(*this / name) << text;
    return *this / name;
  }
  const char* path() const { return path_; }

 private:
  char path_[32] = "/tmp/joist_quick_XXXXXX";
};

FileInfo learned(const std::string& path) {
  FileInfo info;
  REQUIRE(read_file_info(path.c_str(), Links::kFollow, &info) == 0);
  learn_file_system(path.c_str(), info.major_device);
  return info;
}

// Not every system or file system can promise not to wait: then there is nothing to look at.
bool is_able(const std::string& path) {
  FileInfo info;
  return try_read_file_info(path.c_str(), Links::kFollow, &info) == 0;
}

bool opens(const std::string& path) {
  QuickFile file;
  const std::optional<PosixError> error = try_open_file(path.c_str(), kLongest, &file);
  if (error == 0) close_file(file.descriptor);
  return error == 0;
}

}  // namespace

TEST_CASE("what is told at once of a file is what is told else") {
  const Folder folder;
  const std::string path = folder.write("file", "text");
  for (const mode_t mode : {0644, 0400, 0000, 0755}) {
    chmod(path.c_str(), mode);
    const FileInfo info = learned(path);
    if (!is_able(path)) return;
    FileInfo quick;
    REQUIRE(try_read_file_info(path.c_str(), Links::kFollow, &quick) == 0);
    CHECK(quick.size == info.size);
    CHECK(quick.type == info.type);
    CHECK(quick.access == info.access);
    CHECK(quick.mode == info.mode);
    CHECK(quick.modification_time == info.modification_time);
    CHECK(quick.inode == info.inode);
  }
  FileInfo quick;
  CHECK(try_read_file_info(folder.path(), Links::kFollow, &quick) == 0);
  CHECK(quick.type == FileType::kDirectory);
}

TEST_CASE("a file is read at once if it is short and in memory") {
  const Folder folder;
  const std::string text = "some text\n";
  const std::string path = folder.write("file", text);
  learned(path);
  if (!is_able(path)) return;
  QuickFile file;
  REQUIRE(try_open_file(path.c_str(), kLongest, &file) == 0);
  CHECK(file.size == text.size());
  std::string read(text.size(), '?');
  // Some file systems cannot say whether bytes are in memory.
  if (try_read_whole(file, reinterpret_cast<uint8_t*>(read.data()))) CHECK(read == text);
  close_file(file.descriptor);
  CHECK_FALSE(opens(folder.write("long", std::string(kLongest + 1, 'x'))));
  CHECK_FALSE(opens(folder.write("empty", "")));
}

TEST_CASE("a file that is not there is an answer, or nothing is known") {
  const Folder folder;
  const std::string path = folder / "missing";
  learned(folder.path());
  for (int i = 0; i < 2; ++i) {
    FileInfo info;
    QuickFile file;
    const auto told = try_read_file_info(path.c_str(), Links::kFollow, &info);
    CHECK((!told || *told == ENOENT));
    const auto opened = try_open_file(path.c_str(), kLongest, &file);
    CHECK((!opened || *opened == ENOENT));
    CHECK(access(path.c_str(), F_OK) != 0);
  }
}

TEST_CASE("what is no regular file is not opened at once") {
  const Folder folder;
  learned(folder.path());
  const std::string pipe = folder / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_FALSE(opens(pipe));
  CHECK_FALSE(opens(folder.path()));
  CHECK_FALSE(opens("/dev/null"));
}

TEST_CASE("nothing is done at once with links themselves and in file systems that may wait") {
  const Folder folder;
  learned(folder.path());
  const std::string link = folder / "link";
  REQUIRE(symlink("/nowhere", link.c_str()) == 0);
  FileInfo info;
  CHECK(try_read_file_info(link.c_str(), Links::kDontFollow, &info) == std::nullopt);
  learned("/proc/self/status");
  CHECK(try_read_file_info("/proc/self/status", Links::kFollow, &info) == std::nullopt);
  CHECK_FALSE(opens("/proc/self/status"));
}
