// What collections cost: the fixed price of a minor one on a small heap, copying trees that live
// for a while, and lists.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "vm/heap/builder.h"
#include "vm/heap/heap.h"

using namespace joist;

namespace {

double now() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

void reserve(Heap& heap, size_t words) {
  if (static_cast<size_t>(heap.limit - heap.top) > words) [[likely]]
    return;
  if (!collect_gc(heap, RootSet(), words, Collection::kMinor)) abort();
}

void push(Heap& heap, Term term) {
  reserve(heap, 1);
  *--heap.limit = term.bits();
}
Term pop(Heap& heap) { return Term::from_bits(*heap.limit++); }

void report(const char* name, double seconds, const Heap& heap) {
  const double collections =
      static_cast<double>(heap.minor_collections) + static_cast<double>(heap.full_collections);
  printf("%-24s %8.3f s %10.0f minor %6.0f full %10.1f ns each\n", name, seconds,
         static_cast<double>(heap.minor_collections), static_cast<double>(heap.full_collections),
         seconds / collections * 1e9);
}

// A small process that makes garbage: each collection finds a few live words.
void small_heap(size_t live, size_t rounds) {
  Heap heap;
  if (!heap.create({}, nullptr)) abort();
  for (size_t i = 0; i < live; ++i) push(heap, Term::nil());
  const double start = now();
  for (size_t i = 0; i < rounds; ++i) {
    reserve(heap, 2);
    Word* cell = heap.alloc(2);
    cell[0] = Term::small(1).bits();
    cell[1] = Term::nil().bits();
    if (live != 0) heap.limit[i % live] = Term::list(cell).bits();
  }
  char name[40];
  snprintf(name, sizeof name, "small heap, %zu cells", live);
  report(name, now() - start, heap);
}

Term tree(Heap& heap, int depth) {
  if (depth == 0) return Term::nil();
  push(heap, tree(heap, depth - 1));
  push(heap, tree(heap, depth - 1));
  reserve(heap, 3);
  Word* words = heap.alloc(3);
  words[0] = make_header(Boxed::kTuple, 2);
  words[2] = pop(heap).bits();
  words[1] = pop(heap).bits();
  return Term::boxed(words);
}

void binary_trees(int long_lived, int depth, int count) {
  Heap heap;
  if (!heap.create({}, nullptr)) abort();
  const double start = now();
  push(heap, tree(heap, long_lived));
  for (int i = 0; i < count; ++i) tree(heap, depth);
  char name[40];
  snprintf(name, sizeof name, "trees %d, %d x %d", long_lived, count, depth);
  report(name, now() - start, heap);
}

// lists:reverse-like work: live lists grow and are thrown away.
void lists(size_t length, size_t rounds) {
  Heap heap;
  if (!heap.create({}, nullptr)) abort();
  push(heap, Term::nil());
  const double start = now();
  for (size_t round = 0; round < rounds; ++round) {
    heap.limit[0] = Term::nil().bits();
    for (size_t i = 0; i < length; ++i) {
      reserve(heap, 2);
      Word* cell = heap.alloc(2);
      cell[0] = Term::small(static_cast<int64_t>(i)).bits();
      cell[1] = heap.limit[0];
      heap.limit[0] = Term::list(cell).bits();
    }
  }
  char name[40];
  snprintf(name, sizeof name, "lists of %zu", length);
  report(name, now() - start, heap);
}

}  // namespace

// Optional argument: the one group to run, and a divisor of its rounds (for callgrind).
int main(int argc, char** argv) {
  const char* only = argc > 1 ? argv[1] : "";
  const int part = argc > 2 ? atoi(argv[2]) : 1;
  const auto wanted = [only](const char* group) { return *only == 0 || !strcmp(only, group); };
  if (wanted("small")) {
    for (size_t live : {0, 8, 50}) small_heap(live, 50'000'000 / part);
  }
  if (wanted("trees")) {
    binary_trees(0, 10, 20'000 / part);
    binary_trees(18, 12, 5'000 / part);
    binary_trees(20, 18, 20 / part);
  }
  if (wanted("lists")) {
    lists(1000, 50'000 / part);
    lists(100'000, 500 / part);
    lists(3'000'000, 10 / part);
  }
}
