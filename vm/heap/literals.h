// Literals and persistent terms: immutable terms in one reserved address range, shared by all
// processes and never copied, so that "is it a literal" is one subtraction and one compare.
#pragma once

#include <atomic>
#include <mutex>

#include "vm/heap/allocator.h"

namespace joist {

class LiteralSpace {
 public:
  LiteralSpace() = default;
  ~LiteralSpace();
  LiteralSpace(const LiteralSpace&) = delete;
  LiteralSpace& operator=(const LiteralSpace&) = delete;

  // Reserves the range (address space only). False: not to be had.
  bool create(size_t reserve_bytes);

  bool contains(const void* address) const {
    return static_cast<size_t>(static_cast<const char*>(address) - base_) < size_;
  }
  bool contains(Term pointer) const {
    return contains(reinterpret_cast<const void*>(pointer.bits() & ~Word{7}));
  }

  // An area: `words` words of committed memory in the range; the owner (a module instance, a
  // persistent term) writes them once and retires the area when nobody refers to it any more.
  struct Area {
    Word* words = nullptr;
    size_t count = 0;
    OffHeap* off_heap = nullptr;  // what its BinRefs and magic references hold
  };
  // words == nullptr: the range is full.
  Area allocate(size_t words);
  void release(Area& area);

 private:
  char* base_ = nullptr;
  size_t size_ = 0;
  struct State;
  State* state_ = nullptr;
};

}  // namespace joist
