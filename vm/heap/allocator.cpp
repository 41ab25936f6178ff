#include "vm/heap/allocator.h"

#include <algorithm>

#include "vm/heap/gc_blocks.h"

namespace joist {

namespace {

// Fragments start small, as most natives that overflow need a few words more, and double with
// what has piled up, so that few are needed. From a megabyte on they do not grow any more: a call
// for that memory is nothing against filling it, and no more than that is ever left over.
constexpr size_t kMinFragmentWords = 128;
constexpr size_t kMaxSpareFragmentWords = size_t{1} << 17;

}  // namespace

Fragment* new_fragment(size_t capacity) {
  size_t bytes;
  Fragment* fragment = nullptr;
  if (!__builtin_mul_overflow(capacity, sizeof(Word), &bytes) &&
      !__builtin_add_overflow(bytes, sizeof(Fragment), &bytes)) {
    fragment = static_cast<Fragment*>(allocate_piece(bytes));
  }
  if (fragment == nullptr) fatal("out of memory: a heap fragment of %zu words", capacity);
  fragment->next = nullptr;
  fragment->capacity = capacity;
  fragment->used = 0;
  return fragment;
}

void release_fragments(Fragment* fragment) {
  while (fragment != nullptr) {
    Fragment* next = fragment->next;
    // A signal's piece, too (vm/proc/signal.h), is as long as a fragment of its capacity.
    free_piece(fragment, sizeof(Fragment) + fragment->capacity * sizeof(Word));
    fragment = next;
  }
}

void release_off_heap(OffHeap* object) {
  while (object != nullptr) {
    OffHeap* next = object->next;
    object->binary->release();
    object = next;
  }
}

Allocator::~Allocator() {
  release_off_heap(off_heap);
  release_fragments(fragments);
}

Word* Allocator::alloc_in_fragment(size_t count) {
  Fragment* fragment = fragments;
  if (fragment == nullptr || fragment->capacity - fragment->used < count) {
    fragment = new_fragment(
        std::max(count, std::clamp(fragment_words, kMinFragmentWords, kMaxSpareFragmentWords)));
    fragment->next = fragments;
    fragments = fragment;
    fragment_words += fragment->capacity;
  }
  Word* words = fragment->words + fragment->used;
  fragment->used += count;
  return words;
}

void Allocator::give_back(Word* from, size_t count) {
  if (count == 0) return;
  if (from + count == top) {
    top = from;
  } else if (fragments != nullptr && from + count == fragments->words + fragments->used) {
    fragments->used -= count;
  } else {
    from[0] = make_header(Boxed::kFiller, count - 1);
    // What fillers hold is never read, but a verifier that is wrong should not be misled.
    for (size_t i = 1; i < count; ++i) from[i] = Term::nil().bits();
  }
}

void Allocator::adopt(Allocator& other) {
  if (other.fragments != nullptr) {
    Fragment* last = other.fragments;
    while (last->next != nullptr) last = last->next;
    last->next = fragments;
    fragments = other.fragments;
    fragment_words += other.fragment_words;
    other.fragments = nullptr;
    other.fragment_words = 0;
  }
  if (other.off_heap != nullptr) {
    OffHeap* last = other.off_heap;
    while (last->next != nullptr) last = last->next;
    last->next = off_heap;
    off_heap = other.off_heap;
    off_heap_bytes += other.off_heap_bytes;
    other.off_heap = nullptr;
    other.off_heap_bytes = 0;
  }
}

}  // namespace joist
