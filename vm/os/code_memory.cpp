#include "vm/os/code_memory.h"

#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "vm/os/memory.h"

namespace joist {

namespace {

// The processor sees writes by another address to code that it runs only where it is told to.
bool barrier(int command) { return syscall(SYS_membarrier, command, 0, 0) == 0; }

int make_file() {
  constexpr unsigned kExecutable = 0x10;  // MFD_EXEC, which older headers and systems do not know
  const int file = memfd_create("joist-code", MFD_CLOEXEC | kExecutable);
  return file >= 0 ? file : memfd_create("joist-code", MFD_CLOEXEC);
}

}  // namespace

bool CodeMemory::prepare() { return barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE); }

void CodeMemory::synchronize() const { barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE); }

void CodeMemory::write(size_t offset, std::span<const uint8_t> code) const {
  std::memcpy(writable_ + offset, code.data(), code.size());
  const size_t start = offset / page_size() * page_size();
  madvise(writable_ + start, offset + code.size() - start, MADV_DONTNEED);
}

CodeMemory::~CodeMemory() {
  if (size_ == 0) return;
  munmap(writable_, size_);
  munmap(executable_, size_);
}

bool CodeMemory::map(size_t bytes, const void* near) {
  constexpr intptr_t kAround = intptr_t{256} << 20;
  constexpr intptr_t kReach = (intptr_t{1} << 31) - kAround;
  constexpr uintptr_t kStart = uintptr_t{1} << 30;
  constexpr uintptr_t kStep = uintptr_t{64} << 20;
  const size_t size = round_up(bytes, page_size());
  if (!prepare()) return false;
  const int file = make_file();
  if (file < 0) return false;
  void* writable = MAP_FAILED;
  if (ftruncate(file, static_cast<off_t>(size)) == 0) {
    writable = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  // The system takes an address as a wish: ask for places further and further up, far from code
  // so that the heap behind it can grow.
  const auto base = reinterpret_cast<uintptr_t>(near);
  void* executable = MAP_FAILED;
  for (uintptr_t step = 0; step < 12 && writable != MAP_FAILED; ++step) {
    const auto wish = round_up(base + kStart + step * kStep, page_size());
    executable =
        mmap(reinterpret_cast<void*>(wish), size, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
    if (executable == MAP_FAILED) break;
    const auto first = static_cast<intptr_t>(reinterpret_cast<uintptr_t>(executable) - base);
    const auto last = first + static_cast<intptr_t>(size);
    if (first > -kReach && last < kReach) break;
    munmap(executable, size);
    executable = MAP_FAILED;
  }
  close(file);
  if (executable == MAP_FAILED) {
    if (writable != MAP_FAILED) munmap(writable, size);
    return false;
  }
  writable_ = static_cast<uint8_t*>(writable);
  executable_ = static_cast<uint8_t*>(executable);
  size_ = size;
  return true;
}

}  // namespace joist
