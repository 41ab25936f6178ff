#include "vm/term/bits.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace joist;

namespace {

std::string text_of(const uint8_t* base, size_t offset, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += bit_at(base, offset + i) != 0 ? '1' : '0';
  return text;
}

std::vector<uint8_t> random_bytes(std::mt19937_64& random, size_t count) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

}  // namespace

TEST_CASE("loading bits at any offset gives the same as bit by bit") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 5000; ++round) {
    size_t offset = random() % 20;
    size_t count = random() % 65;
    // Exactly as long as the range needs, so that the address sanitizer sees reads past it.
    std::vector<uint8_t> bytes = random_bytes(random, (offset + count + 7) / 8);
    uint64_t expected = 0;
    for (size_t i = 0; i < count; ++i) {
      expected = expected << 1 | bit_at(bytes.data(), offset + i);
    }
    REQUIRE(load_bits(bytes.data(), offset, count) == expected);
  }
}

TEST_CASE("storing bits changes these bits only") {
  std::mt19937_64 random(2);
  for (int round = 0; round < 5000; ++round) {
    size_t offset = random() % 20;
    size_t count = random() % 65;
    std::vector<uint8_t> bytes = random_bytes(random, (offset + count + 7) / 8);
    size_t all = bytes.size() * 8;
    std::string before = text_of(bytes.data(), 0, all);
    uint64_t value = random();
    store_bits(bytes.data(), offset, value, count);
    std::string expected = before;
    for (size_t i = 0; i < count; ++i) {
      expected[offset + i] = (value >> (count - 1 - i) & 1) != 0 ? '1' : '0';
    }
    REQUIRE(text_of(bytes.data(), 0, all) == expected);
  }
}

TEST_CASE("copying between any two offsets") {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20000; ++round) {
    size_t from_offset = random() % 24;
    size_t to_offset = random() % 24;
    size_t count = random() % 300;
    std::vector<uint8_t> from = random_bytes(random, (from_offset + count + 7) / 8);
    std::vector<uint8_t> to = random_bytes(random, (to_offset + count + 7) / 8);
    size_t all = to.size() * 8;
    std::string expected = text_of(to.data(), 0, all);
    expected.replace(to_offset, count, text_of(from.data(), from_offset, count));
    copy_bits(to.data(), to_offset, from.data(), from_offset, count);
    REQUIRE(text_of(to.data(), 0, all) == expected);
  }
}

TEST_CASE("a padded copy clears what is left of the last byte") {
  uint8_t from[] = {0xff, 0xff, 0xff};
  uint8_t to[] = {0xff, 0xff, 0xff};
  copy_bits_padded(to, {from, 3, 11});
  CHECK(to[0] == 0xff);
  CHECK(to[1] == 0xe0);
  CHECK(to[2] == 0xff);
}

TEST_CASE("comparison is that of the bits as text") {
  std::mt19937_64 random(4);
  for (int round = 0; round < 20000; ++round) {
    size_t size = random() % 150;
    size_t a_offset = random() % 16;
    size_t b_offset = random() % 16;
    std::vector<uint8_t> a = random_bytes(random, (a_offset + size + 7) / 8);
    size_t b_size = random() % 2 == 0 ? size : random() % 150;
    std::vector<uint8_t> b = random_bytes(random, (b_offset + b_size + 7) / 8);
    size_t same = std::min(size, b_size);
    if (random() % 4 != 0) copy_bits(b.data(), b_offset, a.data(), a_offset, same);
    if (random() % 2 == 0 && same > 0) {
      size_t place = b_offset + random() % same;
      store_bits(b.data(), place, bit_at(b.data(), place) ^ 1, 1);
    }
    int expected = text_of(a.data(), a_offset, size).compare(text_of(b.data(), b_offset, b_size));
    BitsView left{a.data(), a_offset, size};
    BitsView right{b.data(), b_offset, b_size};
    int order = compare_bits(left, right);
    REQUIRE((order < 0) == (expected < 0));
    REQUIRE((order > 0) == (expected > 0));
    REQUIRE(equal_bits(left, right) == (expected == 0));
  }
}

TEST_CASE("views of heap bits, sub bits and match contexts") {
  alignas(8) Word heap_bits[3] = {make_header(Boxed::kHeapBits, 2), 12, 0};
  std::memcpy(&heap_bits[2], "\xab\xc0", 2);
  BitsView whole = bits_view(Term::boxed(heap_bits));
  CHECK(whole.size == 12);
  CHECK(load_bits(whole.base, whole.offset, 12) == 0xabc);

  uint8_t bytes[] = {0x12, 0x34, 0x56};
  Binary binary{1, nullptr, 0, bytes, 3};
  OffHeap holder{make_header(Boxed::kBinRef, 2), &binary, nullptr};
  Term holder_term = Term::boxed(&holder.header);
  SubBits sub{make_header(Boxed::kSubBits, 3), 12, 4, holder_term};
  BitsView view = bits_view(Term::boxed(&sub.header));
  CHECK(load_bits(view.base, view.offset, view.size) == 0x234);
  ByteScratch scratch;
  CHECK(contiguous_bytes(view, scratch)[0] == 0x23);
  CHECK(contiguous_bytes(view, scratch)[1] == 0x40);

  SubBits aligned{make_header(Boxed::kSubBits, 3), 16, 8, holder_term};
  CHECK(binary_bytes(Term::boxed(&aligned.header), scratch).data() == bytes + 1);

  MatchContext context{make_header(Boxed::kMatchContext, 4), bytes, 8, 24, holder_term};
  BitsView rest = bits_view(Term::boxed(&context.header));
  CHECK(load_bits(rest.base, rest.offset, rest.size) == 0x3456);
}
