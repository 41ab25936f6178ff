#include "vm/heap/packed.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/heap/random_terms.h"
#include "vm/heap/builder.h"

using namespace joist;
using namespace joist::test;

TEST_CASE("packed terms keep their value when what they were made of is gone, as do copies") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    PackedTerm packed;
    std::string expected;
    {
      Allocator heap;
      RandomTerms random(seed);
      std::vector<Known> known(3);
      for (int i = 0; i < 40; ++i) {
        Known next = random.make(heap, known);
        // Copies of parts lose their buffers: described differently, tested elsewhere.
        if (is_kind(next.term, Boxed::kSubBits)) continue;
        known.push_back(std::move(next));
      }
      expected = known.back().text;
      packed = PackedTerm(known.back().term);
      REQUIRE(describe(packed.term()) == expected);
    }
    Allocator copies;
    Term copy;
    {
      const PackedTerm moved = std::move(packed);
      copy = moved.copy_to(copies);
    }
    CHECK(describe(copy) == expected);
  }
}

TEST_CASE("off-heap buffers of packed terms are counted") {
  Allocator heap;
  const std::vector<uint8_t> bytes(1000, 7);
  const Term binary = make_binary(heap, ByteSpan(bytes.data(), bytes.size()));
  const Binary* buffer = heap.off_heap->binary;
  {
    const PackedTerm packed(make_cons(heap, binary, Term::nil()));
    CHECK(buffer->reference_count == 2);
    {
      Allocator other;
      packed.copy_to(other);
      CHECK(buffer->reference_count == 3);
    }
    CHECK(buffer->reference_count == 2);
  }
  CHECK(buffer->reference_count == 1);
}
