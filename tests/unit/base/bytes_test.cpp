#include "vm/base/bytes.h"

#include <catch2/catch.hpp>

using namespace joist;

TEST_CASE("ByteReader reads big-endian values in order") {
  const uint8_t bytes[] = {1, 2, 3, 0xff, 0xff, 0xff, 0xfe, 9};
  ByteReader reader{ByteSpan(bytes)};
  CHECK(reader.u8() == 1);
  CHECK(reader.u16() == 0x0203);
  CHECK(reader.i32() == -2);
  CHECK(reader.remaining() == 1);
  CHECK(reader.ok());
}

TEST_CASE("ByteReader stays failed after reading past the end") {
  const uint8_t bytes[] = {1, 2, 3};
  ByteReader reader{ByteSpan(bytes)};
  CHECK(reader.u32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.u8() == 0);
  CHECK(reader.take(1).empty());
  CHECK(reader.at_end());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("ByteReader take refuses a count beyond the end") {
  const uint8_t bytes[] = {1, 2, 3};
  ByteReader reader{ByteSpan(bytes)};
  CHECK(reader.take(3).size() == 3);
  CHECK(reader.ok());
  CHECK(reader.take(SIZE_MAX).empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("ByteWriter and ByteReader are inverses") {
  ByteWriter writer;
  writer.u8(7);
  writer.u16(0xabcd);
  writer.u32(0x01020304);
  writer.u64(0xfedcba9876543210);
  writer.append("xy");
  ByteReader reader{writer.span()};
  CHECK(reader.u8() == 7);
  CHECK(reader.u16() == 0xabcd);
  CHECK(reader.u32() == 0x01020304);
  CHECK(reader.u64() == 0xfedcba9876543210);
  CHECK(reader.take(2).back() == 'y');
  CHECK(reader.ok());
  CHECK(reader.at_end());
}
