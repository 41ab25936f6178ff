#include "vm/io/framing.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

using namespace joist;

namespace {

ByteSpan bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
std::string text_of(ByteSpan bytes) { return std::string(bytes.begin(), bytes.end()); }

// Feeds the text in parts of that size.
template <typename Feed>
void feed_in_parts(const std::string& text, size_t part, Feed feed) {
  for (size_t at = 0; at < text.size(); at += part) feed(bytes_of(text.substr(at, part)));
}

std::vector<std::string> packets(size_t length_bytes, const std::string& text, size_t part) {
  PacketReader reader(length_bytes);
  std::vector<std::string> found;
  feed_in_parts(text, part, [&](ByteSpan bytes) {
    const std::string copy = text_of(bytes);
    reader.feed(bytes_of(copy), [&](ByteSpan packet) { found.push_back(text_of(packet)); });
  });
  return found;
}

using Lines = std::vector<std::pair<std::string, bool>>;

Lines lines(size_t limit, const std::string& text, size_t part) {
  LineReader reader(limit);
  Lines found;
  const auto add = [&](ByteSpan line, bool ends) { found.emplace_back(text_of(line), ends); };
  for (size_t at = 0; at < text.size(); at += part) {
    const std::string copy = text.substr(at, part);
    reader.feed(bytes_of(copy), add);
  }
  reader.finish(add);
  return found;
}

}  // namespace

TEST_CASE("packets come whole, however they were cut") {
  const std::string one(
      "\x03"
      "abc\x00\x01z\x02xy",
      10);
  const std::vector<std::string> expected = {"abc", "", "z", "xy"};
  for (size_t part = 1; part <= one.size(); ++part) CHECK(packets(1, one, part) == expected);

  const std::string two(
      "\x00\x03"
      "abc\x00\x00\x00\x01z",
      10);
  for (size_t part = 1; part <= two.size(); ++part) {
    CHECK(packets(2, two, part) == std::vector<std::string>{"abc", "", "z"});
  }
  std::string four("\x00\x01\x11\x70", 4);  // 70000
  const std::string body(70000, 'b');
  four += body + std::string("\x00\x00\x00\x00\x00\x00", 6);
  for (size_t part : {size_t{1}, size_t{7}, size_t{4096}, size_t{65536}, four.size()}) {
    CHECK(packets(4, four, part) == std::vector<std::string>{body, ""});
  }
}

TEST_CASE("the length in front of a packet") {
  uint8_t header[4];
  CHECK(make_packet_header(1, 255, header));
  CHECK(header[3] == 255);
  CHECK_FALSE(make_packet_header(1, 256, header));
  CHECK(make_packet_header(2, 0xfffe, header));
  CHECK((header[2] == 0xff && header[3] == 0xfe));
  CHECK_FALSE(make_packet_header(2, 0x10000, header));
  CHECK(make_packet_header(4, 0x01020304, header));
  CHECK((header[0] == 1 && header[1] == 2 && header[2] == 3 && header[3] == 4));
  CHECK(make_packet_header(0, size_t{1} << 40, header));
}

// What ports of the real erl deliver for the same text.
TEST_CASE("lines end with LF or CR LF, and long ones come in parts") {
  const std::string text = "one\ntwo\r\n\n\r\na long line here\nwith \r inside\r\r\nrest";
  const Lines whole = {{"one", true},
                       {"two", true},
                       {"", true},
                       {"", true},
                       {"a long line here", true},
                       {"with \r inside\r", true},
                       {"rest", false}};
  const Lines in_three = {{"one", true},  {"two", true},  {"", true},     {"", true},
                          {"a l", false}, {"ong", false}, {" li", false}, {"ne ", false},
                          {"her", false}, {"e", true},    {"wit", false}, {"h \r", false},
                          {" in", false}, {"sid", false}, {"e\r", true},  {"res", false},
                          {"t", false}};
  for (size_t part = 1; part <= text.size(); ++part) {
    CHECK(lines(512, text, part) == whole);
    CHECK(lines(3, text, part) == in_three);
  }
  CHECK(lines(3, "abc\r\n", 1) == Lines{{"abc", true}});
  CHECK(lines(3, "abc\r", 1) == Lines{{"abc", false}, {"\r", false}});
  CHECK(lines(3, "ab\r", 1) == Lines{{"ab\r", false}});
}
