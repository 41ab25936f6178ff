#include "vm/codec/unicode.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

using namespace joist;

namespace {

ByteSpan bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

void check_scan(std::string_view text, Utf8Status status, size_t bytes, size_t characters) {
  Utf8Scan scan = scan_utf8(bytes_of(text));
  CAPTURE(text);
  CHECK(scan.status == status);
  CHECK(scan.bytes == bytes);
  CHECK(scan.characters == characters);
}

}  // namespace

TEST_CASE("scan_utf8 stops at the first thing that is no UTF-8") {
  check_scan("", Utf8Status::kOk, 0, 0);
  check_scan("a\xC3\xA5\xE2\x82\xAC\xF0\x9F\x98\x80", Utf8Status::kOk, 10, 4);
  check_scan("a\xC3", Utf8Status::kIncomplete, 1, 1);
  check_scan("\xF0\x9F\x98", Utf8Status::kIncomplete, 0, 0);
  check_scan("ab\x80", Utf8Status::kInvalid, 2, 2);
  check_scan("\xC1\xBF", Utf8Status::kInvalid, 0, 0);          // overlong
  check_scan("\xE0\x9F\xBF", Utf8Status::kInvalid, 0, 0);      // overlong
  check_scan("\xED\xA0\x80", Utf8Status::kInvalid, 0, 0);      // surrogate
  check_scan("\xED\x9F\xBF", Utf8Status::kOk, 3, 1);           // the last before them
  check_scan("\xF4\x90\x80\x80", Utf8Status::kInvalid, 0, 0);  // 16#110000
  check_scan("\xF4\x8F\xBF\xBF", Utf8Status::kOk, 4, 1);       // 16#10FFFF
  check_scan("\xFF", Utf8Status::kInvalid, 0, 0);
}

TEST_CASE("a wrong byte is found at any distance from the beginning of a run") {
  for (size_t length = 0; length < 100; ++length) {
    std::string text(length, 'x');
    CHECK(ascii_prefix(bytes_of(text)) == length);
    check_scan(text + "\xFFyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", Utf8Status::kInvalid, length,
               length);
    check_scan(text + "\xC3\xA5", Utf8Status::kOk, length + 2, length + 1);
  }
}

TEST_CASE("is_utf8_prefix tells whether more bytes could help") {
  CHECK(is_utf8_prefix(bytes_of("\xC3")));
  CHECK(is_utf8_prefix(bytes_of("\xF0\x9F\x98")));
  CHECK_FALSE(is_utf8_prefix(bytes_of("\xE1z")));
  CHECK_FALSE(is_utf8_prefix(bytes_of("\xC3\xA5")));
  CHECK_FALSE(is_utf8_prefix(bytes_of("\x80")));
}

TEST_CASE("every code point survives a round trip") {
  for (uint32_t c = 0; c <= kMaxCodePoint; ++c) {
    if (!is_code_point(c)) continue;
    uint8_t bytes[4];
    auto size = static_cast<size_t>(put_utf8(bytes, c) - bytes);
    const uint8_t* at = bytes;
    bool same = size == utf8_size(c) && size == utf8_length(bytes[0]) && is_utf8({bytes, size}) &&
                take_utf8(&at) == c && at == bytes + size;
    if (!same) FAIL("code point " << c);
  }
}

TEST_CASE("Latin-1 becomes UTF-8") {
  std::string latin1;
  for (int i = 0; i < 256; ++i) latin1 += static_cast<char>(i);
  uint8_t out[400];
  size_t size = latin1_utf8_size(bytes_of(latin1));
  CHECK(size == 128 + 2 * 128);
  CHECK(put_latin1_as_utf8(out, bytes_of(latin1)) == out + size);
  Utf8Scan scan = scan_utf8({out, size});
  CHECK(scan.status == Utf8Status::kOk);
  CHECK(scan.characters == 256);
  CHECK((out[128] == 0xC2 && out[129] == 0x80 && out[size - 1] == 0xBF));
}
