// Expected bytes and values are those of OTP 25's erl for the expression in the comment.
#include "vm/heap/bit_syntax.h"

#include <catch2/catch.hpp>
#include <vector>

#include "vm/heap/arith.h"
#include "vm/heap/builder.h"
#include "vm/term/bignum.h"

using namespace joist;

namespace {

using Bytes = std::vector<uint8_t>;

// 2^exponent + offset, or its negative.
Term power(Allocator& heap, unsigned exponent, int64_t offset, bool negative = false) {
  Term shifted = arith_shift_left(heap, Term::small(1), Term::small(exponent)).value;
  Term sum = arith_add(heap, shifted, Term::small(offset)).value;
  return negative ? arith_negate(heap, sum).value : sum;
}

bool equal_integers(Term a, Term b) {
  Word storage[2];
  return big::compare(big::of_term(a, &storage[0]), big::of_term(b, &storage[1])) == 0;
}

Bytes written(Term integer, size_t bits, bool little) {
  Bytes bytes((bits + 7) / 8, 0xee);
  BitWriter writer(bytes.data(), 0);
  REQUIRE(writer.put_integer(integer, bits, little));
  REQUIRE(writer.position() == bits);
  writer.finish();
  return bytes;
}

}  // namespace

TEST_CASE("integers are written as erl writes them", "[bit_syntax]") {
  Allocator heap;
  // <<16#abc:12/little>>
  CHECK(written(Term::small(0xabc), 12, true) == Bytes{188, 10 << 4});
  // <<(-5):75/little>>
  CHECK(written(Term::small(-5), 75, true) ==
        Bytes{251, 255, 255, 255, 255, 255, 255, 255, 255, 7 << 5});
  // <<(1 bsl 70 + 5):75/little>>, big
  Term big = power(heap, 70, 5);
  CHECK(written(big, 75, true) == Bytes{5, 0, 0, 0, 0, 0, 0, 0, 64, 0});
  CHECK(written(big, 75, false) == Bytes{8, 0, 0, 0, 0, 0, 0, 0, 0, 5 << 5});
  // <<(-(1 bsl 70) - 5):83/little>>
  CHECK(written(power(heap, 70, 5, true), 83, true) ==
        Bytes{251, 255, 255, 255, 255, 255, 255, 255, 191, 255, 7 << 5});
  CHECK_FALSE(BitWriter(nullptr, 0).put_integer(Term::nil(), 8, false));
}

TEST_CASE("integers of any size and place survive writing and reading", "[bit_syntax]") {
  Allocator heap;
  std::vector<Term> integers;
  for (unsigned exponent : {0, 1, 7, 8, 31, 32, 60, 61, 62, 63, 64, 65, 127, 128, 200}) {
    for (int64_t offset : {-1, 0, 1}) {
      integers.push_back(power(heap, exponent, offset));
      integers.push_back(power(heap, exponent, offset, true));
    }
  }
  for (Term integer : integers) {
    for (size_t bits : {202, 203, 208, 256, 259}) {
      for (size_t position : {0, 1, 5, 8, 13}) {
        for (bool little : {false, true}) {
          Bytes bytes((position + bits + 7) / 8 + 1, 0xa5);
          BitWriter writer(bytes.data(), position);
          REQUIRE(writer.put_integer(integer, bits, little));
          Term read = read_integer(heap, bytes.data(), position, bits, true, little);
          REQUIRE(equal_integers(read, integer));
          // The bits around the segment are as they were.
          for (size_t i = 0; i < bytes.size() * 8; ++i) {
            if (i >= position && i < position + bits) continue;
            REQUIRE(bit_at(bytes.data(), i) == (0xa5 >> (7 - i % 8) & 1));
          }
        }
      }
    }
  }
}

TEST_CASE("short integers are read with and without sign", "[bit_syntax]") {
  Allocator heap;
  const uint8_t bytes[] = {0xff, 0xf0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde};
  // <<Z:12/little-signed>> = <<16#ff,16#f:4>>
  CHECK(read_integer(heap, bytes, 0, 12, true, true) == Term::small(-1));
  CHECK(read_integer(heap, bytes, 0, 12, false, true) == Term::small(0xfff));
  CHECK(read_integer(heap, bytes, 12, 0, true, false) == Term::small(0));
  CHECK(read_integer(heap, bytes, 12, 16, false, false) == Term::small(0x0123));
  CHECK(read_integer(heap, bytes, 12, 16, false, true) == Term::small(0x2301));
  CHECK(read_bits(bytes, 4, 64, false) == 0xff0123456789abcd);
  CHECK(read_bits(bytes, 4, 64, true) == 0xcdab8967452301ff);
}

TEST_CASE("floats of three sizes", "[bit_syntax]") {
  Allocator heap;
  auto put = [&](Term number, size_t bits, bool little) {
    Bytes bytes(bits / 8);
    REQUIRE(BitWriter(bytes.data(), 0).put_float(number, bits, little));
    return bytes;
  };
  Term ten_to_10 = make_float(heap, 1.0e10);
  CHECK(put(ten_to_10, 16, false) == Bytes{124, 0});
  CHECK(put(Term::small(70000), 16, false) == Bytes{124, 0});
  CHECK(put(make_float(heap, 1.0e40), 32, false) == Bytes{127, 128, 0, 0});
  CHECK(put(make_float(heap, 1.00048828125), 16, false) == Bytes{60, 0});
  CHECK(put(make_float(heap, 1.00048828125 + 1.0e-12), 16, false) == Bytes{60, 1});
  CHECK(put(make_float(heap, -2.5), 64, true) == Bytes{0, 0, 0, 0, 0, 0, 4, 0xc0});
  uint8_t bytes[8];
  CHECK_FALSE(BitWriter(bytes, 0).put_float(power(heap, 2000, 0), 16, false));
  CHECK_FALSE(BitWriter(bytes, 0).put_float(ten_to_10, 0, false));
  CHECK_FALSE(BitWriter(bytes, 0).put_float(Term::nil(), 64, false));

  double value;
  const uint8_t infinite[] = {0x7c, 0x00};
  CHECK_FALSE(read_float(infinite, 0, 16, false, &value));
  REQUIRE(read_float(infinite, 0, 0, false, &value));
  CHECK(value == 0.0);
  const uint8_t shifted[] = {0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
  REQUIRE(read_float(shifted, 4, 64, false, &value));
  CHECK(value == 4.0);
}

TEST_CASE("characters are read back at any position and checked", "[bit_syntax]") {
  for (uint32_t character : {0x0u, 0x7fu, 0x80u, 0x7ffu, 0x800u, 0xd7ffu, 0xe000u, 0xfffeu, 0xffffu,
                             0x10000u, 0x10ffffu}) {
    for (size_t position : {0, 3}) {
      uint8_t bytes[6] = {};
      Utf utf;
      BitWriter(bytes, position).put_utf8(character);
      size_t end = position + utf8_bits(character);
      REQUIRE(read_utf8(bytes, position, end, &utf));
      CHECK(utf.character == character);
      CHECK(utf.bits == utf8_bits(character));
      CHECK_FALSE(read_utf8(bytes, position, end - 1, &utf));
      for (bool little : {false, true}) {
        BitWriter(bytes, position).put_utf16(character, little);
        end = position + utf16_bits(character);
        REQUIRE(read_utf16(bytes, position, end, little, &utf));
        CHECK(utf.character == character);
        CHECK_FALSE(read_utf16(bytes, position, end - 1, little, &utf));
        BitWriter(bytes, position).put_utf32(character, little);
        REQUIRE(read_utf32(bytes, position, position + 32, little, &utf));
        CHECK(utf.character == character);
      }
    }
  }
  auto valid = [](std::initializer_list<uint8_t> bytes) {
    Utf utf;
    return read_utf8(bytes.begin(), 0, bytes.size() * 8, &utf);
  };
  CHECK_FALSE(valid({0x80}));
  CHECK_FALSE(valid({0xc1, 0x80}));
  CHECK_FALSE(valid({0xe0, 0x9f, 0xbf}));
  CHECK_FALSE(valid({0xed, 0xa0, 0x80}));
  CHECK_FALSE(valid({0xf0, 0x8f, 0xbf, 0xbf}));
  CHECK_FALSE(valid({0xf4, 0x90, 0x80, 0x80}));
  CHECK_FALSE(valid({0xf5, 0x80, 0x80, 0x80}));
  CHECK(valid({0xef, 0xbf, 0xbf}));
  const uint8_t surrogate[] = {0xd8, 0x00, 0x00, 0x41};
  Utf utf;
  CHECK_FALSE(read_utf16(surrogate, 0, 32, false, &utf));
  const uint8_t high[] = {0x00, 0x11, 0x00, 0x00};
  CHECK_FALSE(read_utf32(high, 0, 32, false, &utf));
}

TEST_CASE("<<5:3, 16#10000/utf16-little, 16#e5/utf8, $a/utf32-little>>", "[bit_syntax]") {
  Bytes bytes(11, 0xff);
  BitWriter writer(bytes.data(), 0);
  writer.put_bits_of(5, 3, false);
  writer.put_utf16(0x10000, true);
  writer.put_utf8(0xe5);
  writer.put_utf32('a', true);
  writer.finish();
  CHECK(bytes == Bytes{160, 27, 0, 27, 152, 116, 172, 32, 0, 0, 0});
}
