#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>

#include "vm/heap/builder.h"
#include "vm/heap/heap.h"

using namespace joist;

namespace {

// Whether the verifier stops a process that has this heap.
bool refused(const Heap& heap, const RootSet& roots) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGABRT, SIG_DFL);  // not Catch's, which would report it
    fclose(stderr);
    verify_heap(heap, roots);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

struct Fixture {
  Fixture() {
    REQUIRE(heap.create({}, nullptr));
    roots.add(registers);
    registers[0] = make_tuple(heap, {Term::small(1), make_cons(heap, Term::nil(), Term::nil())});
    registers[1] = make_bits_of(heap, new_binary(100), 800);
    *--heap.limit = registers[0].bits();
    *--heap.limit = 0x1230 | 7;
    REQUIRE_FALSE(refused(heap, roots));
  }
  Heap heap;
  RootSet roots;
  Term registers[2];
};

}  // namespace

TEST_CASE("The verifier refuses a heap with one wrong word") {
  Fixture f;
  Word* tuple = f.registers[0].object();
  const auto refuses = [&f](Word* place, Word wrong) {
    const Word right = *place;
    *place = wrong;
    const bool result = refused(f.heap, f.roots);
    *place = right;
    return result;
  };
  static const Word elsewhere[2] = {make_header(Boxed::kTuple, 1), Term::nil().bits()};
  CHECK(refuses(tuple + 1, Term::boxed(elsewhere).bits()));
  CHECK(refuses(tuple + 1, Term::list(tuple).bits()));
  CHECK(refuses(tuple + 1, Term::boxed(tuple + 1).bits()));
  CHECK(refuses(tuple + 1, Term::none().bits()));
  CHECK(refuses(tuple, make_header(Boxed::kTuple, 200)));
  CHECK(refuses(tuple, make_header(Boxed::kCount, 2)));
  CHECK(refuses(f.heap.limit + 1, Term::boxed(elsewhere).bits()));
  CHECK(refuses(&reinterpret_cast<SubBits*>(f.registers[1].object())->bit_size, 801));
  OffHeap* list = f.heap.off_heap;
  f.heap.off_heap = nullptr;
  CHECK(refused(f.heap, f.roots));
  f.heap.off_heap = list;
  CHECK_FALSE(refused(f.heap, f.roots));
}

TEST_CASE("The verifier refuses old terms that point to younger ones") {
  Fixture f;
  REQUIRE(collect_gc(f.heap, f.roots, 0, Collection::kMinor));
  const Term young = make_tuple(f.heap, {Term::nil()});
  Word* element = f.registers[0].object() + 1;
  const Word right = *element;
  *element = young.bits();
  CHECK(refused(f.heap, f.roots));
  *element = right;
  CHECK_FALSE(refused(f.heap, f.roots));
}

TEST_CASE("A stress run collects small heaps at every chance and thins out on large ones") {
  Fixture f;
  CHECK(stress_pause(f.heap) == 0);
  Term list = Term::nil();
  for (int i = 0; i < 100'000; ++i) list = make_cons(f.heap, Term::small(i), list);
  f.registers[0] = list;
  REQUIRE(collect_gc(f.heap, f.roots, 0, Collection::kMinor));
  const int64_t young = stress_pause(f.heap);
  CHECK(young > 500);
  REQUIRE(collect_gc(f.heap, f.roots, 0, Collection::kMinor));
  CHECK(stress_pause(f.heap) == young);  // tenured now
  f.registers[0] = Term::nil();
  REQUIRE(collect_gc(f.heap, f.roots, 0, Collection::kFull));
  CHECK(stress_pause(f.heap) == 0);
  const size_t words = f.heap.stack_words() + 1000;
  REQUIRE(collect_gc(f.heap, f.roots, words, Collection::kMinor));
  while (f.heap.stack_words() < words) *--f.heap.limit = Term::nil().bits();
  CHECK(stress_pause(f.heap) > 0);  // the stack is scanned too
}
