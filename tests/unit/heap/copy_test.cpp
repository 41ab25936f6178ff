#include "vm/heap/copy.h"

#include <catch2/catch.hpp>

#include "tests/unit/heap/random_terms.h"

using namespace joist;
using namespace joist::test;

TEST_CASE("Copies are equal, apart, as large as announced, and hold references of their own") {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    RandomTerms terms(seed);
    Allocator copies;
    std::vector<Known> known(20);
    std::vector<Known> copied;
    {
      Allocator source;
      for (size_t i = 0; i < 200; ++i) {
        Known made = terms.make(source, known);
        if (made.text.size() > 3000) made = Known();
        known[terms.below(known.size())] = made;
        const size_t before = copies.fragments == nullptr ? 0 : copies.fragments->used;
        const Fragment* fragment = copies.fragments;
        Term copy = copy_term(copies, made.term, nullptr);
        if (made.term.is_pointer()) CHECK_FALSE(copy == made.term);
        if (fragment != nullptr && fragment == copies.fragments) {
          CHECK(fragment->used - before == copy_size(made.term, nullptr));
        }
        copied.push_back({copy, made.text});
      }
    }
    // The originals are gone.
    for (const Known& copy : copied) CHECK(describe(copy.term) == copy.text);
  }
  CHECK(CountedBinaries::alive == 0);
}

TEST_CASE("Literals are shared by copies and copied into other literal areas") {
  LiteralSpace literals;
  REQUIRE(literals.create(1 << 20));
  Allocator heap;
  LiteralSpace::Area area;
  Term literal = copy_to_literals(literals, make_tuple(heap, {Term::small(1)}), &area);
  CHECK(literals.contains(literal));
  CHECK(area.count == 2);
  Term outer = make_cons(heap, literal, Term::nil());
  CHECK(copy_size(literal, &literals) == 0);
  CHECK(copy_size(outer, &literals) == 2);
  CHECK(copy_size(outer, nullptr) == 4);
  CHECK(copy_term(heap, outer, &literals).head() == literal);

  LiteralSpace::Area second;
  Term copy = copy_to_literals(literals, outer, &second);
  CHECK_FALSE(copy.head() == literal);
  literals.release(area);
  CHECK(tuple_elements(copy.head())[0] == Term::small(1));
  literals.release(second);
  CHECK(literals.used_bytes() == 0);
}

TEST_CASE("A copy of a small view does not keep the buffer") {
  Allocator source;
  Allocator target;
  Binary* buffer = new_binary(100);
  std::memcpy(buffer->bytes, "abcdef", 6);
  Term view = make_bits_of(source, buffer, 32);
  REQUIRE(header_kind(view.header()) == Boxed::kSubBits);
  Term copy = copy_term(target, view, nullptr);
  CHECK(header_kind(copy.header()) == Boxed::kHeapBits);
  CHECK(equal_bits(bits_view(copy), bits_view(make_binary(target, "abcd"))));
  CHECK(target.off_heap == nullptr);
}

TEST_CASE("Sharing is lost in copies and counted once by shared_size") {
  Allocator heap;
  Term inner = make_tuple(heap, {Term::small(1), Term::small(2)});
  Term outer = make_tuple(heap, {inner, inner, inner});
  // erts_debug:flat_size/1 and erts_debug:size/1 say the same.
  CHECK(flat_size(outer) == 13);
  CHECK(shared_size(outer) == 7);
  Term copy = copy_term(heap, outer, nullptr);
  CHECK(shared_size(copy) == 13);
}

TEST_CASE("Length and depth of a term do not matter to a copy") {
  constexpr size_t kCount = 10'000'000;
  for (bool nested : {false, true}) {
    Allocator heap;
    Term list = Term::nil();
    for (size_t i = 0; i < kCount; ++i) {
      list = nested ? make_cons(heap, list, Term::nil()) : make_cons(heap, Term::small(1), list);
    }
    CHECK(copy_size(list, nullptr) == 2 * kCount);
    Term copy = copy_term(heap, list, nullptr);
    size_t depth = 0;
    for (; copy.is_list(); copy = nested ? copy.head() : copy.tail()) ++depth;
    CHECK(depth == kCount);
  }
}
