// The memory of one process: a young block that the heap and the stack share, an old block, and
// fragments. Knows no process; roots come as a RootSet.
//
//   young block                                                       old block
//   start     high_water       top                limit          end  old_start  old_top  old_end
//   |  survivors  |  since last GC  |  free ...  | stack (y regs) |   |  tenured   |  free  |
//   +-------------+-----------------+------------+----------------+   +------------+--------+
//        heap grows up ->                          <- stack grows down
//
// Where a collection that would take long is put off (Process::collect_gc) and the young block is
// full, a small one takes its place, with the stack; the former one is `abandoned` meanwhile and
// counts as a fragment, but for its mature part, which the next minor collection promotes.
//
// A minor collection copies live young objects: those below high_water (survived once) to the
// old block, the others to a new young block. A fullsweep copies all to a new young block.
//
// Nothing in the old block, or below high_water, points to anything younger: terms are immutable,
// so an object refers only to what was there before it. Whoever builds a term over several
// instruction boundaries must keep to that order: a list under construction grows at its front.
//
// Invariant at instruction boundaries: limit - top >= 1 inside a function with a frame. Every
// reservation (allocate, test_heap, Allocator::alloc) leaves one free word, so that a call can
// push its return address without a check.
//
// `limit` is the stack pointer: limit[0] is y0 of the current frame, or the return address of a
// function that has no frame. Return addresses are code addresses | 7 (see vm/term/term.h).
#pragma once

#include <span>

#include "vm/heap/allocator.h"
#include "vm/heap/literals.h"

namespace joist {

struct HeapOptions {
  size_t min_heap_words = 233;
  size_t min_off_heap_bytes = size_t{46422} * 8;
  uint32_t fullsweep_after = 65535;
  size_t max_heap_words = 0;  // 0: no limit
  bool kill_at_max_heap = true;
  bool log_at_max_heap = true;  // for whoever reports it, as is the next
  bool max_includes_shared_binaries = false;
};

enum class Collection {
  kMinor,      // or full, when the old block is full or fullsweep_after minor ones have passed
  kFull,       // garbage_collect/0
  kHibernate,  // full, then the young block is cut to what is live
};

struct AbandonedBlock {
  Word* start = nullptr;  // null: there is none
  Word* top = nullptr;
  Word* end = nullptr;
  size_t mature_words = 0;
  size_t words() const { return static_cast<size_t>(end - start); }
};

struct Heap : Allocator {
  Word* start = nullptr;
  Word* high_water = nullptr;
  Word* end = nullptr;  // one past the young block: the bottom of the stack

  Word* old_start = nullptr;
  Word* old_top = nullptr;
  Word* old_end = nullptr;
  OffHeap* old_off_heap = nullptr;
  AbandonedBlock abandoned;
  size_t old_off_heap_bytes = 0;
  size_t off_heap_limit = 0;      // off_heap_bytes above this asks for a collection
  size_t old_off_heap_limit = 0;  // old_off_heap_bytes above this asks for a fullsweep

  uint32_t minors_since_full = 0;
  bool requested = false;
  bool full_requested = false;
  bool grow_at_full = false;       // the latest fullsweep left the block more than 3/4 full
  uint64_t minor_collections = 0;  // over the process' life
  uint64_t full_collections = 0;
  uint64_t words_reclaimed = 0;
  size_t words_copied = 0;  // by the latest collection: what it cost

  HeapOptions options;
  const LiteralSpace* literals = nullptr;

  // Makes the first young block, of min_heap_words or of `first_words`: a process that does little
  // before it waits never needs more. Fails with false when memory is exhausted.
  bool create(const HeapOptions& heap_options, const LiteralSpace* literal_space,
              size_t first_words = 0);
  ~Heap();
  // Gives everything back, as what is left of an ended process needs none of it. Nothing may be
  // allocated any more.
  void release();

  Word*& stack() { return limit; }
  size_t young_words() const { return static_cast<size_t>(end - start); }
  size_t old_words() const { return static_cast<size_t>(old_end - old_start); }
  size_t stack_words() const { return static_cast<size_t>(end - limit); }
  // Words of live and dead objects in fragments and the abandoned block.
  size_t fragment_used_words() const;
  // Asks for a collection at the next instruction boundary: what natives do.
  void request(Collection kind) {
    requested = true;
    if (kind != Collection::kMinor) full_requested = true;
  }
  // Whether such a collection begins with a full one.
  bool is_major(Collection kind) const {
    return kind != Collection::kMinor || full_requested ||
           minors_since_full >= options.fullsweep_after || old_off_heap_bytes > old_off_heap_limit;
  }
  // True when the next instruction boundary should collect: fragments or off-heap binaries have
  // piled up, or somebody asked for it. The few words of some received messages are no reason;
  // what a native could not fit in always is.
  bool wants_collection() const {
    return fragment_words > young_words() / 4 || off_heap_bytes > off_heap_limit || requested;
  }
};

// What a collection must treat as live, besides the heap's own stack.
struct RootSet {
  static constexpr size_t kMaxSpans = 16;
  void add(std::span<Term> terms) {
    JOIST_ASSERT(count < kMaxSpans);
    spans[count++] = terms;
  }
  std::span<Term> spans[kMaxSpans];
  size_t count = 0;
};

// Collects so that afterwards at least `need` words (plus the spare one) are free between top
// and limit. Fragments are merged. False: out of memory or over max_heap_words; the heap is then
// still valid, uncollected. Named _gc as all functions that may collect.
bool collect_gc(Heap& heap, const RootSet& roots, size_t need, Collection kind);

// How many words a collection may have to look at.
size_t collection_words(const Heap& heap, Collection kind);

// Makes room for `need` words (and the spare one) without a collection: abandons the young block.
// False: the stack is too large to be moved for that, or there is an abandoned block, or no memory.
bool abandon_young_block(Heap& heap, size_t need);

// Has the memory between top and limit ready, so that no slice spends its time on page faults: one
// of two megabytes, on a virtual machine whose host has to find the memory first, takes
// milliseconds.
void prepare_free_words(const Heap& heap);

// Changes nothing and checks everything: each word of the heap, its stack and the roots is a
// valid term within this heap, a fragment, or a literal; nothing old points to anything younger;
// off-heap lists hold exactly the objects that belong on them. fatal() with a description
// otherwise. Costs about as much as a collection.
void verify_heap(const Heap& heap, const RootSet& roots);

// How many chances to collect a stress run lets pass after a collection: none while the heap and
// its stack are small, else so many that each chance costs about the same whatever the size.
int64_t stress_pause(const Heap& heap);

}  // namespace joist
