// Deferred reclamation: "free this when every thread has moved on".
//
// Threads that read shared structures without locks announce, between two pieces of work, that
// they hold no pointer into them any more (quiescent). What was unlinked before is freed once all
// threads have done so. This is quiescent-state-based reclamation (P. McKenney, "Exploiting
// Deferred Destruction", 2004, chapter 5); liburcu has it too, but its fences are invisible to
// ThreadSanitizer, which would then report every reader.
//
//   reader thread:   online() ... read, read ... quiescent() ... read ... offline()
//   writer thread:   unlink the object; retire(object) on its own Reader
//
// A thread that sleeps is offline, so that it does not hold up the others.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "vm/base/sync.h"

namespace joist {

class EpochDomain;

// One thread's part in a domain. All members but `seen_` belong to that thread.
class EpochReader {
 public:
  explicit EpochReader(EpochDomain& domain);
  ~EpochReader();  // frees what is still deferred once the others have moved on
  EpochReader(const EpochReader&) = delete;
  EpochReader& operator=(const EpochReader&) = delete;

  // From here on the thread may read; until it says quiescent() or offline(), what it has found
  // stays valid.
  void online();
  void offline();
  // Holds no pointer from before. Frees what has become free; cheap when there is nothing.
  void quiescent();

  // Calls destroy(object) when nobody can hold a pointer to it any more. The caller has unlinked
  // the object already.
  using Destroy = void (*)(void*);
  void retire(void* object, Destroy destroy);
  // Something is retired and not freed yet.
  bool has_deferred() const { return !in_flight_.empty() || !arriving_.empty(); }

 private:
  friend class EpochDomain;
  struct Deferred {
    void* object;
    Destroy destroy;
  };

  void advance();

  EpochDomain& domain_;
  std::vector<Deferred> arriving_;  // retired since the batch in flight was closed
  std::vector<Deferred> in_flight_;
  uint64_t in_flight_epoch_ = 0;
  alignas(kCacheLine) std::atomic<uint64_t> seen_;
};

class EpochDomain {
 public:
  EpochDomain() = default;
  ~EpochDomain();
  EpochDomain(const EpochDomain&) = delete;
  EpochDomain& operator=(const EpochDomain&) = delete;

 private:
  friend class EpochReader;
  static constexpr uint64_t kOffline = UINT64_MAX;

  // Every thread has been quiescent since `epoch` began.
  bool passed(uint64_t epoch);

  alignas(kCacheLine) std::atomic<uint64_t> current_{1};
  Mutex mutex_;
  std::vector<EpochReader*> readers_ JOIST_GUARDED_BY(mutex_);
  // Left behind by readers that are gone.
  std::vector<EpochReader::Deferred> orphans_ JOIST_GUARDED_BY(mutex_);
};

}  // namespace joist
