#include "vm/heap/gc.h"

#include <catch2/catch.hpp>

#include "tests/unit/heap/random_terms.h"
#include "vm/heap/copy.h"
#include "vm/heap/sizes.h"

using namespace joist;
using namespace joist::test;

namespace {

// A heap whose registers, stack and literals hold terms that a model knows.
class Machine {
 public:
  static constexpr size_t kRegisters = 24;

  explicit Machine(uint64_t seed, HeapOptions options = {}) : terms_(seed) {
    REQUIRE(literals_.create(size_t{1} << 24));
    REQUIRE(heap_.create(options, &literals_));
    known_.resize(kRegisters);
    add_literals();
  }
  ~Machine() {
    for (LiteralSpace::Area& area : areas_) literals_.release(area);
  }

  // One random change.
  void step() {
    switch (terms_.below(10)) {
      case 0:
        push();
        break;
      case 1:
        pop();
        break;
      case 2:
        known_[terms_.below(kRegisters)] = literal_known_[terms_.below(literal_known_.size())];
        break;
      case 3: {
        const size_t words = 1 + terms_.below(5);
        heap_.give_back(heap_.alloc(words), words);
        break;
      }
      case 4:
        stack_.empty() ? push() : replace_top_by_match_context();
        break;
      case 5:
        known_[terms_.below(kRegisters)] = Known();
        break;
      default: {
        Known made = terms_.make(heap_, known_);
        if (made.text.size() > 3000) made = Known();
        known_[terms_.below(kRegisters)] = made;
        break;
      }
    }
  }

  void collect(Collection kind) {
    const size_t need = terms_.below(8) == 0 ? terms_.below(5000) : terms_.below(20);
    Term registers[kRegisters];
    for (size_t i = 0; i < kRegisters; ++i) registers[i] = known_[i].term;
    RootSet roots;
    roots.add(registers);
    verify_heap(heap_, roots);
    REQUIRE(collect_gc(heap_, roots, need, kind));
    REQUIRE(static_cast<size_t>(heap_.limit - heap_.top) > need);
    REQUIRE(heap_.fragments == nullptr);
    verify_heap(heap_, roots);
    for (size_t i = 0; i < kRegisters; ++i) {
      known_[i].term = registers[i];
      REQUIRE(describe(registers[i]) == known_[i].text);
    }
    check_stack();
  }
  RandomTerms& terms() { return terms_; }
  Heap& heap() { return heap_; }

 private:
  void add_literals() {
    Allocator scratch;
    std::vector<Known> nothing(1);
    while (literal_known_.size() < 10) {
      Known made = terms_.make(scratch, nothing);
      if (!made.term.is_pointer()) continue;
      LiteralSpace::Area area;
      made.term = copy_to_literals(literals_, made.term, &area);
      areas_.push_back(area);
      literal_known_.push_back(made);
    }
  }

  void push() {
    if (static_cast<size_t>(heap_.limit - heap_.top) < 3 || stack_.size() > 60) return;
    const Known& known = known_[terms_.below(kRegisters)];
    *--heap_.limit = known.term.bits();
    stack_.push_back(known.text);
    *--heap_.limit = 0x12340 | 7;  // a return address
  }
  void pop() {
    if (stack_.empty()) return;
    heap_.limit += 2;
    stack_.pop_back();
  }
  void replace_top_by_match_context() {
    Known known = terms_.match_context(heap_, known_[terms_.below(kRegisters)]);
    heap_.limit[1] = known.term.bits();
    stack_.back() = known.text;
  }
  void check_stack() {
    REQUIRE(heap_.stack_words() == 2 * stack_.size());
    for (size_t i = 0; i < stack_.size(); ++i) {
      const Word* frame = heap_.end - 2 * (i + 1);
      REQUIRE(frame[0] == (0x12340 | 7));
      REQUIRE(describe(Term::from_bits(frame[1])) == stack_[i]);
    }
  }

  RandomTerms terms_;
  LiteralSpace literals_;
  std::vector<LiteralSpace::Area> areas_;
  Heap heap_;
  std::vector<Known> known_;
  std::vector<Known> literal_known_;
  std::vector<std::string> stack_;
};

Term nested_or_long(Allocator& heap, size_t count, bool nested) {
  Term list = Term::nil();
  for (size_t i = 0; i < count; ++i) {
    list = nested ? make_cons(heap, list, Term::nil()) : make_cons(heap, Term::small(1), list);
  }
  return list;
}

size_t depth_of(Term list, bool nested) {
  size_t depth = 0;
  for (; list.is_list(); list = nested ? list.head() : list.tail()) ++depth;
  return depth;
}

}  // namespace

TEST_CASE("Random terms survive collections of all kinds unchanged") {
  for (uint64_t seed = 0; seed < 25; ++seed) {
    CAPTURE(seed);
    {
      HeapOptions options;
      options.min_off_heap_bytes = 2000;
      if (seed % 3 == 0) options.fullsweep_after = 5;
      Machine machine(seed, options);
      for (size_t round = 0; round < 300; ++round) {
        for (size_t i = machine.terms().below(40); i > 0; --i) machine.step();
        const size_t kind = machine.terms().below(20);
        machine.collect(kind == 0   ? Collection::kFull
                        : kind == 1 ? Collection::kHibernate
                                    : Collection::kMinor);
      }
      CHECK(machine.heap().minor_collections > 100);
      CHECK(machine.heap().full_collections > 5);
    }
    CHECK(CountedBinaries::alive == 0);
  }
}

TEST_CASE("Dead off-heap binaries are released: young by a minor, old by a full collection") {
  Heap heap;
  REQUIRE(heap.create({}, nullptr));
  Term registers[2] = {Term::nil(), Term::nil()};
  RootSet roots;
  roots.add(registers);
  registers[0] = make_bits_of(heap, CountedBinaries::make(1000), 8000);
  registers[1] = make_bits_of(heap, CountedBinaries::make(1000), 8000);
  CHECK(heap.off_heap_bytes == 2000);
  registers[1] = Term::nil();
  REQUIRE(collect_gc(heap, roots, 0, Collection::kMinor));
  CHECK(CountedBinaries::alive == 1);
  CHECK(heap.off_heap_bytes == 1000);
  REQUIRE(collect_gc(heap, roots, 0, Collection::kMinor));
  CHECK(heap.off_heap_bytes == 0);
  CHECK(heap.old_off_heap_bytes == 1000);
  registers[0] = Term::nil();
  REQUIRE(collect_gc(heap, roots, 0, Collection::kMinor));
  CHECK(CountedBinaries::alive == 1);
  REQUIRE(collect_gc(heap, roots, 0, Collection::kFull));
  CHECK(CountedBinaries::alive == 0);
}

TEST_CASE("Sharing within a heap survives collections") {
  Heap heap;
  REQUIRE(heap.create({}, nullptr));
  Term inner = make_tuple(heap, {Term::small(1)});
  Term registers[1] = {make_tuple(heap, {inner, make_cons(heap, inner, Term::nil())})};
  RootSet roots;
  roots.add(registers);
  for (Collection kind : {Collection::kMinor, Collection::kMinor, Collection::kFull}) {
    REQUIRE(collect_gc(heap, roots, 0, kind));
    std::span<Term> elements = tuple_elements(registers[0]);
    CHECK(elements[0] == elements[1].head());
  }
  CHECK(heap.top - heap.start == 2 + 3 + 2);
}

TEST_CASE("A heap grows for a need and shrinks when it was too much") {
  Heap heap;
  REQUIRE(heap.create({}, nullptr));
  CHECK(heap.young_words() == 233);
  RootSet roots;
  REQUIRE(collect_gc(heap, roots, 100000, Collection::kMinor));
  CHECK(heap.young_words() == next_heap_size(100001));
  CHECK(static_cast<size_t>(heap.limit - heap.top) > 100000);
  REQUIRE(collect_gc(heap, roots, 0, Collection::kFull));
  CHECK(heap.young_words() == 233);
  *--heap.limit = Term::small(5).bits();
  REQUIRE(collect_gc(heap, roots, 0, Collection::kHibernate));
  CHECK(heap.young_words() == 2);
  CHECK(heap.limit[0] == Term::small(5).bits());
}

TEST_CASE("A collection that finds nothing old counts as a fullsweep") {
  Heap heap;
  REQUIRE(heap.create({}, nullptr));
  RootSet roots;
  Term kept = make_tuple(heap, {Term::small(1)});
  roots.add({&kept, 1});
  REQUIRE(collect_gc(heap, roots, 0, Collection::kMinor));
  CHECK(heap.minors_since_full == 0);
  REQUIRE(collect_gc(heap, roots, 0, Collection::kMinor));
  CHECK(heap.minors_since_full == 1);
}

TEST_CASE("Heap sizes are those of OTP") {
  // erlang:process_info(self(), total_heap_size) of growing processes.
  for (size_t size : {233, 376, 610, 987, 1598, 2586, 4185, 6772, 10958, 17731, 28690, 46422}) {
    CHECK(next_heap_size(size) == size);
    CHECK(next_heap_size(size - 1) == size);
  }
  CHECK(next_heap_size(234) == 376);
  CHECK(next_heap_size(233, 1) == 376);
}

TEST_CASE("max_heap_words refuses and leaves the heap as it was") {
  Heap heap;
  HeapOptions options;
  options.max_heap_words = 2000;
  REQUIRE(heap.create(options, nullptr));
  Term registers[1] = {make_tuple(heap, {Term::small(42)})};
  RootSet roots;
  roots.add(registers);
  CHECK_FALSE(collect_gc(heap, roots, 3000, Collection::kMinor));
  verify_heap(heap, roots);
  CHECK(tuple_elements(registers[0])[0] == Term::small(42));
  CHECK(collect_gc(heap, roots, 300, Collection::kMinor));
}

TEST_CASE("Length and depth of a term do not matter to a collection") {
  constexpr size_t kCount = 10'000'000;
  for (bool nested : {false, true}) {
    Heap heap;
    REQUIRE(heap.create({}, nullptr));
    Term registers[1] = {Term::nil()};
    RootSet roots;
    roots.add(registers);
    REQUIRE(collect_gc(heap, roots, 2 * kCount, Collection::kMinor));
    registers[0] = nested_or_long(heap, kCount, nested);
    CHECK(heap.fragments == nullptr);
    REQUIRE(collect_gc(heap, roots, 0, Collection::kMinor));
    REQUIRE(collect_gc(heap, roots, 0, Collection::kMinor));
    CHECK(heap.top == heap.start);
    REQUIRE(collect_gc(heap, roots, 0, Collection::kFull));
    CHECK(depth_of(registers[0], nested) == kCount);
  }
}
