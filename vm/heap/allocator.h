// Where terms are built. An Allocator hands out words that never move while the caller works:
// it bumps a pointer in its main area and, when that is full, adds a fragment. It never
// collects. Whoever owns the allocator decides when a collection or a copy tidies up.
//
//   main area (a process heap)                  fragments
//   start        top ->        <- limit         +------+    +------+
//   |#############|......free.....|             |######| -> |####..| -> ...
//                                               +------+    +------+
//
// In a process heap `limit` is the stack pointer (vm/heap/heap.h). An allocator without a main
// area builds messages, literals and table rows out of fragments alone.
//
// Words come uninitialised; the caller fills all of them before the next instruction boundary
// (a collector or verifier reads every word).
#pragma once

#include "vm/term/boxed.h"

namespace joist {

struct Fragment {
  Fragment* next;
  size_t capacity;  // words
  size_t used;      // words
  Word words[];
};

// A fragment with nothing in it yet; fatal when memory is exhausted.
Fragment* new_fragment(size_t capacity);
// Both take a whole list.
void release_fragments(Fragment* fragment);
void release_off_heap(OffHeap* object);

class Allocator {
 public:
  Allocator() = default;
  ~Allocator();  // releases fragments and, where the memory is its own, off-heap references
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  // `count` words in one piece, aligned to a word.
  Word* alloc(size_t count) {
    if (static_cast<size_t>(limit - top) > count) [[likely]] {  // leaves a word: see heap.h
      Word* words = top;
      top += count;
      return words;
    }
    return alloc_in_fragment(count);
  }

  // Gives back the tail [from, from + count) of the latest allocation, or turns it into filler.
  void give_back(Word* from, size_t count);

  // Puts a BinRef or a magic reference, already filled in, on the off-heap list, so that the
  // reference it holds is released when the object dies. The object owns one reference.
  void link_off_heap(OffHeap* object) {
    object->next = off_heap;
    off_heap = object;
    off_heap_bytes += object->binary->capacity;
  }

  // Takes over the fragments and the off-heap list of `other`, whose terms stay where they are:
  // how a process gets a message that its sender built. `other` has no main area.
  void adopt(Allocator& other);

  Word* top = nullptr;
  Word* limit = nullptr;
  Fragment* fragments = nullptr;  // newest first
  size_t fragment_words = 0;      // total capacity of fragments
  OffHeap* off_heap = nullptr;    // objects of the main (young) area and of fragments
  size_t off_heap_bytes = 0;      // bytes that the objects linked since the last collection hold

 private:
  Word* alloc_in_fragment(size_t count);
};

}  // namespace joist
