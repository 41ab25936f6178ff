// Address space from the operating system.
//
// A Reservation is a range of addresses that nobody else gets. Only committed pages have memory
// behind them and may be touched; fresh ones read as zero.
//
//     base                                                      base + size
//     | committed | reserved, no access | committed | reserved …          |
#pragma once

#include <cstddef>
#include <cstdint>

#include "vm/base/result.h"

namespace joist {

size_t page_size();
// How much to reserve for what would take `wanted` bytes at most: an eighth, where the address
// space of the OS process is limited (ulimit -v) and heaps need the rest.
size_t affordable_space(size_t wanted);

// `value` rounded up to a multiple of `alignment`, a power of two.
constexpr size_t round_up(size_t value, size_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

// Zeroed memory straight from the system, for blocks of megabytes. On huge pages, where there are
// any, touching it first costs a fault for each two megabytes, not for each page: that is less in
// all, but each takes longer, up to 5 ms where the machine is virtual and its host has to find the
// memory first. nullptr: no memory. free_large() takes the same size.
enum class Pages : bool { kSmall, kHuge };
void* allocate_large(size_t bytes, Pages pages);
void free_large(void* memory, size_t bytes);
// Has the system provide the pages between the two, within one such block, by writing a byte to
// each: what is there is lost. (MADV_POPULATE_WRITE holds the lock of the address space meanwhile,
// and other threads that map or unmap anything wait for up to 4 ms.)
void touch_large(void* first, void* end);
// Bytes of all such blocks in this OS process that are not resident, as nobody has touched them:
// of each what is between the part in use at its beginning and that at its end. Blocks that are
// being freed wait for the answer, which takes some microseconds a block.
size_t untouched_large_bytes();

class Reservation {
 public:
  Reservation() = default;
  ~Reservation();
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;

  // `alignment` is a power of two; both are rounded up to whole pages.
  static Result<Reservation> reserve(size_t bytes, size_t alignment = 1);

  uint8_t* base() const { return base_; }
  size_t size() const { return size_; }
  bool contains(const void* address) const {
    return static_cast<size_t>(static_cast<const uint8_t*>(address) - base_) < size_;
  }

  // Both take a range of whole pages inside the reservation. commit() is false when the system
  // has no memory; decommit() gives the pages back and forgets what they held.
  [[nodiscard]] bool commit(size_t offset, size_t bytes);
  void decommit(size_t offset, size_t bytes);
  // Gives committed pages back; they stay usable and read as zero. Other threads that want pages
  // meanwhile get them.
  void discard(size_t offset, size_t bytes);

 private:
  Reservation(uint8_t* base, size_t size) : base_(base), size_(size) {}
  void check_range(size_t offset, size_t bytes) const;

  uint8_t* base_ = nullptr;
  size_t size_ = 0;
};

}  // namespace joist
