#include "vm/os/file_descriptor.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <thread>

#include "vm/os/posix_error.h"

using namespace joist;

namespace {

class Folder {
 public:
  Folder() { REQUIRE(mkdtemp(path_) != nullptr); }
  ~Folder() { std::system((std::string("rm -rf ") + path_).c_str()); }
  std::string operator/(const char* name) const { return std::string(path_) + "/" + name; }

 private:
  char path_[32] = "/tmp/joist_unit_XXXXXX";
};

ByteSpan span_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("Many pieces are written whole, and read back") {
  const Folder folder;
  int file;
  REQUIRE(open_file((folder / "a").c_str(), open_mode::kRead | open_mode::kWrite, &file) == 0);
  std::vector<std::string> texts;
  std::string all;
  for (int i = 0; i < 1000; ++i) texts.push_back(std::to_string(i) + ",");
  std::vector<ByteSpan> pieces;
  for (const std::string& text : texts) {
    pieces.push_back(span_of(text));
    all += text;
  }
  CHECK(write_pieces(file, pieces).bytes == static_cast<int64_t>(all.size()));
  CHECK(write_pieces_at(file, 1, {}).bytes == 0);
  std::string back(all.size() + 10, '?');
  auto* bytes = reinterpret_cast<uint8_t*>(back.data());
  const Transfer transfer = read_file_bytes_at(file, 0, bytes, back.size());
  CHECK(transfer.bytes == static_cast<int64_t>(all.size()));
  CHECK(back.substr(0, all.size()) == all);
  int64_t position;
  CHECK(seek_file(file, SeekOrigin::kCurrent, 0, &position) == 0);
  CHECK(position == static_cast<int64_t>(all.size()));
  CHECK(seek_file(file, SeekOrigin::kBegin, -1, &position) == EINVAL);
  CHECK(close_file(file) == 0);
  CHECK(close_file(file) == EBADF);
  CHECK_FALSE(is_open(file));
}

TEST_CASE("Who may not read or write is told so, whatever the size") {
  const Folder folder;
  int file;
  REQUIRE(open_file((folder / "w").c_str(), open_mode::kWrite, &file) == 0);
  uint8_t byte = 0;
  CHECK(read_file_bytes(file, &byte, 0).error == EBADF);
  CHECK(read_file_bytes_at(file, 0, &byte, 0).error == EBADF);
  CHECK(close_file(file) == 0);
  CHECK(open_file((folder / "").c_str(), open_mode::kRead, &file) == EISDIR);
  CHECK(open_file((folder / "none").c_str(), open_mode::kRead, &file) == ENOENT);
}

TEST_CASE("A write that may not block waits for the reader") {
  int ends[2];
  REQUIRE(pipe2(ends, 04000) == 0);  // O_NONBLOCK
  const std::string text(1'000'000, 'x');
  std::thread reader([&] {
    std::vector<uint8_t> room(text.size());
    size_t got = 0;
    while (got < text.size()) {
      const ssize_t count = read(ends[0], room.data(), room.size());
      if (count > 0) got += static_cast<size_t>(count);
    }
  });
  const ByteSpan piece = span_of(text);
  CHECK(write_pieces_waiting(ends[1], {&piece, 1}).bytes == 1'000'000);
  reader.join();
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("Errors have the names that OTP gives them") {
  CHECK(std::string(posix_error_name(ENOENT)) == "enoent");
  CHECK(std::string(posix_error_name(EAGAIN)) == "eagain");
  CHECK(std::string(posix_error_name(EOPNOTSUPP)) == "enotsup");
  CHECK(std::string(posix_error_name(E2BIG)) == "e2big");
  CHECK(std::string(posix_error_name(ECANCELED)) == "unknown");
  CHECK(std::string(posix_error_name(0)) == "unknown");
}
