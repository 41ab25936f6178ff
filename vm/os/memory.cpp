#include "vm/os/memory.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vm/os/large_blocks.h"
#include "vm/os/large_free.h"

#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#endif

namespace joist {
namespace {

// The leak checker looks for pointers in the allocator's memory only, unless it is told: terms in
// mapped memory keep off-heap binaries, which are malloc'ed. It skips pages without access.
void add_leak_root([[maybe_unused]] void* base, [[maybe_unused]] size_t bytes) {
#if __has_feature(address_sanitizer)
  __lsan_register_root_region(base, bytes);
#endif
}

void remove_leak_root([[maybe_unused]] void* base, [[maybe_unused]] size_t bytes) {
#if __has_feature(address_sanitizer)
  __lsan_unregister_root_region(base, bytes);
#endif
}

}  // namespace

size_t untouched_large_bytes() { return untouched_bytes(MemoryUse::kProcesses, Touched::kAtEnds); }

size_t page_size() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t affordable_space(size_t wanted) {
  constexpr size_t kPart = 8;
  constexpr size_t kLeast = size_t{32} << 20;
  rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const size_t part = static_cast<size_t>(limit.rlim_cur) / kPart & ~(page_size() - 1);
  return std::min(wanted, std::max(part, kLeast));
}

void* allocate_large(size_t bytes, Pages pages) {
  constexpr size_t kHugePage = size_t{2} << 20;
  const size_t size = round_up(bytes, page_size());
  if (size < bytes || size + kHugePage < size) return nullptr;
  // A huge page needs an address that is a multiple of its size: map more, cut off both ends.
  void* mapped = mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  uint8_t* start = static_cast<uint8_t*>(mapped);
  uint8_t* base =
      reinterpret_cast<uint8_t*>(round_up(reinterpret_cast<uintptr_t>(mapped), kHugePage));
  if (base != start) munmap(start, static_cast<size_t>(base - start));
  munmap(base + size, kHugePage - static_cast<size_t>(base - start));
#ifdef MADV_HUGEPAGE
  // Advice: that it fails does no harm.
  if (pages == Pages::kHuge) madvise(base, size, MADV_HUGEPAGE);
#endif
  add_leak_root(base, size);
  note_large_block(base, size, MemoryUse::kProcesses, Touched::kAtEnds);
  return base;
}

void free_large(void* memory, size_t bytes) {
  if (memory == nullptr) return;
  const size_t size = round_up(bytes, page_size());
  remove_leak_root(memory, size);
  forget_large_block(memory);
  if (size >= kLongToFree) return unmap_aside(memory, size);
  munmap(memory, size);
}

void touch_large(void* first, void* end) {
  const size_t page = page_size();
  auto* at = static_cast<std::byte*>(first);
  for (; at < end; at += page) *at = std::byte{};
}

Result<Reservation> Reservation::reserve(size_t bytes, size_t alignment) {
  const size_t page = page_size();
  JOIST_CHECK((alignment & (alignment - 1)) == 0 && bytes > 0);
  if (alignment < page) alignment = page;
  const size_t size = round_up(bytes, page);
  const size_t mapped_size = size + alignment - page;
  if (size < bytes || mapped_size < size) return make_error("cannot reserve %zu bytes", bytes);
  void* mapped =
      mmap(nullptr, mapped_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    return make_error("cannot reserve %zu bytes of address space: %s", bytes, strerror(errno));
  }
  // Give back what lies before and after the aligned part.
  uint8_t* start = static_cast<uint8_t*>(mapped);
  uint8_t* base =
      reinterpret_cast<uint8_t*>(round_up(reinterpret_cast<uintptr_t>(mapped), alignment));
  const size_t before = static_cast<size_t>(base - start);
  const size_t after = mapped_size - before - size;
  if (before > 0) munmap(start, before);
  if (after > 0) munmap(base + size, after);
  add_leak_root(base, size);
  return Reservation(base, size);
}

Reservation::~Reservation() {
  if (base_ == nullptr) return;
  remove_leak_root(base_, size_);
  munmap(base_, size_);
}

Reservation::Reservation(Reservation&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(size_, other.size_);
  return *this;
}

void Reservation::check_range(size_t offset, size_t bytes) const {
  const size_t page = page_size();
  JOIST_CHECK(offset % page == 0 && bytes % page == 0);
  JOIST_CHECK(offset <= size_ && bytes <= size_ - offset);
}

bool Reservation::commit(size_t offset, size_t bytes) {
  check_range(offset, bytes);
  return bytes == 0 || mprotect(base_ + offset, bytes, PROT_READ | PROT_WRITE) == 0;
}

void Reservation::discard(size_t offset, size_t bytes) {
  check_range(offset, bytes);
  if (bytes != 0 && madvise(base_ + offset, bytes, MADV_DONTNEED) != 0) {
    fatal("cannot give back %zu bytes: %s", bytes, strerror(errno));
  }
}

void Reservation::decommit(size_t offset, size_t bytes) {
  check_range(offset, bytes);
  if (bytes == 0) return;
  // Mapping afresh both frees the pages and makes them inaccessible in one step.
  void* mapped = mmap(base_ + offset, bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  if (mapped == MAP_FAILED) fatal("cannot give back %zu bytes: %s", bytes, strerror(errno));
}

}  // namespace joist
