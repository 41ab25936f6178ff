// Literals and persistent terms: immutable terms in one reserved address range, shared by all
// processes and never copied, so that "is it a literal" is one subtraction and one compare.
#pragma once

#include "vm/heap/allocator.h"

namespace joist {

class LiteralSpace {
 public:
  LiteralSpace() = default;
  ~LiteralSpace();
  LiteralSpace(const LiteralSpace&) = delete;
  LiteralSpace& operator=(const LiteralSpace&) = delete;

  // What contains() compares with, for loops that keep both in registers.
  const char* base() const { return base_; }
  size_t size() const { return size_; }

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
  // words == nullptr: the range is full. Thread-safe, as is release().
  Area allocate(size_t words);
  // Frees the words and what they hold off-heap; leaves an empty area.
  void release(Area& area);
  // Bytes of all areas in use.
  size_t used_bytes() const;

 private:
  const char* base_ = nullptr;
  size_t size_ = 0;
  struct State;
  State* state_ = nullptr;
};

}  // namespace joist
