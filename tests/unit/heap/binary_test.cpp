#include "vm/heap/binary.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "vm/term/bits.h"

using namespace joist;

namespace {

Term append_text(Allocator& heap, Term prefix, std::string_view text) {
  uint8_t* bytes;
  size_t offset;
  Term whole = append_bits(heap, prefix, text.size() * 8, &bytes, &offset);
  copy_bits(bytes, offset, reinterpret_cast<const uint8_t*>(text.data()), 0, text.size() * 8);
  return whole;
}

std::string text_of(Term binary) {
  ByteScratch scratch;
  ByteSpan bytes = binary_bytes(binary, scratch);
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

const uint8_t* address_of(Term binary) { return bits_view(binary).base; }

}  // namespace

TEST_CASE("Appending goes on in place, and only at the end of what is used") {
  Allocator heap;
  const std::string head(100, 'x');
  Term a = append_text(heap, make_binary(heap, head), " two");
  Term b = append_text(heap, a, " three");
  CHECK(address_of(a) == address_of(b));
  Term c = append_text(heap, a, " four");  // a no longer ends where the buffer does
  CHECK(address_of(c) != address_of(a));
  CHECK(text_of(a) == head + " two");
  CHECK(text_of(b) == head + " two three");
  CHECK(text_of(c) == head + " two four");
}

TEST_CASE("What fits the heap is built on the heap") {
  Allocator heap;
  Term small = append_text(heap, make_binary(heap, "one"), " two");
  CHECK(header_kind(small.header()) == Boxed::kHeapBits);
  CHECK(text_of(small) == "one two");
  CHECK(heap.off_heap == nullptr);
}

#if !__has_feature(address_sanitizer)  // which takes the attempt itself for a mistake
TEST_CASE("Sizes that no memory can hold are refused") {
  Allocator heap;
  uint8_t* bytes;
  size_t offset;
  CHECK(make_bits_uninitialised(heap, size_t{1} << 60, &bytes).is_none());
  CHECK(append_bits(heap, make_binary(heap, "a"), size_t{1} << 60, &bytes, &offset).is_none());
}
#endif

TEST_CASE("A growing binary is copied a logarithmic number of times") {
  Allocator heap;
  Term binary = make_binary(heap, "");
  std::string expected;
  size_t buffers = 0;
  const uint8_t* latest = nullptr;
  for (int i = 0; i < 20000; ++i) {
    std::string text = std::to_string(i);
    binary = append_text(heap, binary, text);
    expected += text;
    if (header_kind(binary.header()) != Boxed::kSubBits) continue;
    if (address_of(binary) != latest) ++buffers;
    latest = address_of(binary);
  }
  CHECK(text_of(binary) == expected);
  CHECK(buffers < 15);
}

TEST_CASE("Appending in the middle of a byte") {
  Allocator heap;
  uint8_t* bytes;
  size_t offset;
  Term bits = make_binary(heap, "");
  for (size_t i = 0; i < 5000; ++i) {
    bits = append_bits(heap, bits, 3, &bytes, &offset);
    store_bits(bytes, offset, i % 8, 3);
  }
  BitsView view = bits_view(bits);
  REQUIRE(view.size == 15000);
  for (size_t i = 0; i < 5000; ++i) REQUIRE(load_bits(view.base, view.offset + 3 * i, 3) == i % 8);
}

TEST_CASE("Parts of any bitstring, small ones copied") {
  Allocator heap;
  std::string text;
  for (int i = 0; i < 100; ++i) text += static_cast<char>('a' + i % 26);
  Term whole = make_binary(heap, text);
  CHECK(header_kind(whole.header()) == Boxed::kSubBits);
  CHECK(text_of(make_part(heap, whole, 80, 160)) == text.substr(10, 20));
  CHECK(header_kind(make_part(heap, whole, 80, 160).header()) == Boxed::kHeapBits);
  Term large = make_part(heap, whole, 16, 8 * 90);
  CHECK(header_kind(large.header()) == Boxed::kSubBits);
  CHECK(text_of(make_part(heap, large, 8, 8 * 80)) == text.substr(3, 80));
  Term odd = make_part(heap, make_part(heap, whole, 3, 100), 5, 16);
  CHECK(text_of(odd) == text.substr(1, 2));
}
