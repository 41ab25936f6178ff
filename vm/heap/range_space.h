// Pieces of reserved address space, for what has to lie in one range of addresses: literals, code.
//
//     base                                        base + size
//     | piece | free | piece | committed | reserved …       |
#pragma once

#include <map>

#include "vm/base/sync.h"
#include "vm/os/memory.h"

namespace joist {

// Best-fit allocation. Everything may be called by any thread once create() is done.
class RangeSpace {
 public:
  static constexpr size_t kFull = SIZE_MAX;

  // Reserves the range (address space only). False: not to be had.
  bool create(size_t reserve_bytes);

  uint8_t* base() const { return base_; }
  size_t size() const { return size_; }

  // The offset of that many bytes of committed memory, or kFull. What has never been used before
  // reads as zero.
  size_t allocate(size_t bytes);
  void release(size_t offset, size_t bytes);
  size_t used_bytes() const;

  // Pieces are multiples of this, so that what is left over stays usable.
  static constexpr size_t kGranule = 64;

 private:
  bool grow(size_t bytes) JOIST_REQUIRES(mutex_);
  void add_free(size_t offset, size_t size) JOIST_REQUIRES(mutex_);
  size_t take(size_t bytes) JOIST_REQUIRES(mutex_);
  void trim(size_t offset, size_t size);

  mutable Mutex mutex_;
  uint8_t* base_ = nullptr;
  size_t size_ = 0;
  Reservation range_;
  // All of [0, committed) is either a piece or in `free_ranges_` (offset to size, neighbours
  // joined); what lies above has never been used.
  size_t committed_ JOIST_GUARDED_BY(mutex_) = 0;
  size_t used_ JOIST_GUARDED_BY(mutex_) = 0;
  std::map<size_t, size_t> free_ranges_ JOIST_GUARDED_BY(mutex_);
};

}  // namespace joist
