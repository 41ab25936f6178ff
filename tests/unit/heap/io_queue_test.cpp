#include "vm/heap/io_queue.h"

#include <catch2/catch.hpp>
#include <string>

#include "vm/term/bits.h"

using namespace joist;

namespace {

std::string bytes_of(const IoQueue& queue, size_t count) {
  std::string bytes(count, '?');
  queue.copy(reinterpret_cast<uint8_t*>(bytes.data()), count);
  return bytes;
}

Term list_of(Allocator& heap, std::initializer_list<Term> elements, Term tail = Term::nil()) {
  return make_list(heap, {elements.begin(), elements.size()}, tail);
}

int64_t references(Term binary) {
  const auto* view = reinterpret_cast<const SubBits*>(binary.object());
  return reinterpret_cast<OffHeap*>(view->holder.object())->binary->reference_count;
}

}  // namespace

TEST_CASE("An iovec is a list of whole binaries, taken up to a limit") {
  Allocator heap;
  const Term a = make_binary(heap, "a");
  const Term none = make_binary(heap, "");
  const std::optional<IovecPart> part = take_iovec(list_of(heap, {a, none, a, a}), 3);
  REQUIRE(part);
  CHECK(part->binaries.size() == 2);
  CHECK(part->bytes == 2);
  CHECK(part->rest.is_list());
  CHECK(part->rest.tail().is_nil());

  CHECK_FALSE(take_iovec(a, 3));
  CHECK_FALSE(take_iovec(list_of(heap, {Term::small(1)}), 3));
  CHECK_FALSE(take_iovec(list_of(heap, {a}, a), 3));
  CHECK(take_iovec(list_of(heap, {a, a, a, Term::small(1)}), 3));
  uint8_t* bytes;
  const Term nine_bits = make_bits_uninitialised(heap, 9, &bytes);
  bytes[0] = bytes[1] = 0;
  CHECK_FALSE(take_iovec(list_of(heap, {nine_bits}), 3));
}

TEST_CASE("Large binaries are shared, others copied, and all are let go") {
  Allocator heap;
  const Term large = make_binary(heap, std::string(1000, 'x'));
  const Term small = make_binary(heap, "small");
  const Term unaligned = make_part(heap, large, 3, 900 * 8);
  {
    IoQueue queue;
    const Term list = list_of(heap, {large, small, unaligned, large});
    REQUIRE(queue.add(*take_iovec(list, 10)));
    CHECK(queue.size() == 1000 + 5 + 900 + 1000);
    CHECK(references(large) == 3);
    queue.drop(1002);
    CHECK(references(large) == 2);
    CHECK(bytes_of(queue, 3) == "all");
    // "x" is 0x78: three bits further on it is 0xc3.
    CHECK(bytes_of(queue, 5) == "all\xc3\xc3");
    CHECK(queue.pieces().size() == 3);
    const Term front = queue.pieces().front().make_term(heap);
    ByteScratch scratch;
    CHECK(binary_bytes(front, scratch).size() == 3);
  }
  CHECK(references(large) == 1);
}

TEST_CASE("A queue is used up from the front, across its pieces") {
  Allocator heap;
  IoQueue queue;
  const Term list = list_of(
      heap, {make_binary(heap, "one"), make_binary(heap, "two"), make_binary(heap, "three")});
  REQUIRE(queue.add(*take_iovec(list, 10)));
  CHECK(bytes_of(queue, queue.size()) == "onetwothree");
  queue.drop(4);
  CHECK(bytes_of(queue, queue.size()) == "wothree");
  queue.drop(0);
  queue.drop(7);
  CHECK(queue.size() == 0);
  CHECK(queue.pieces().empty());
}
