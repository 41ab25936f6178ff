#include "vm/os/large_free.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "vm/base/sync.h"
#include "vm/os/thread.h"

namespace joist {

namespace {

struct Piece {
  void* memory;
  size_t mapped;  // bytes; 0: it is malloc's
};

// The memory is the OS process', and so is the thread, which ends when there is nothing to do.
struct Pieces {
  Mutex mutex;
  std::vector<Piece> waiting JOIST_GUARDED_BY(mutex);
  bool has_thread JOIST_GUARDED_BY(mutex) = false;
};

// Never destroyed: threads may free until the very end.
Pieces& pieces() {
  static Pieces* all = new Pieces;
  return *all;
}

// The system holds the lock of the address space while it unmaps, and whoever maps or unmaps
// anything waits: so not all at once.
void unmap(uint8_t* first, size_t bytes) {
  constexpr size_t kAtOnce = size_t{4} << 20;
  for (; bytes > kAtOnce; first += kAtOnce, bytes -= kAtOnce) munmap(first, kAtOnce);
  munmap(first, bytes);
}

void release(const Piece& piece) {
  if (piece.mapped == 0) {
    std::free(piece.memory);
  } else {
    unmap(static_cast<uint8_t*>(piece.memory), piece.mapped);
  }
}

void release_all() {
  Pieces& all = pieces();
  std::vector<Piece> taken;
  while (true) {
    {
      MutexLock lock(all.mutex);
      taken.swap(all.waiting);
      if (taken.empty()) {
        all.has_thread = false;
        return;
      }
    }
    for (const Piece& piece : taken) release(piece);
    taken.clear();
  }
}

void release_aside(Piece piece) {
  Pieces& all = pieces();
  {
    MutexLock lock(all.mutex);
    all.waiting.push_back(piece);
    if (all.has_thread) return;
    all.has_thread = true;
  }
  Result<Thread> thread = Thread::start("freeing", release_all);
  if (thread) {
    thread.value().detach();
  } else {
    release_all();
  }
}

}  // namespace

void free_aside(void* memory) { release_aside({memory, 0}); }
void unmap_aside(void* memory, size_t bytes) { release_aside({memory, bytes}); }

}  // namespace joist
