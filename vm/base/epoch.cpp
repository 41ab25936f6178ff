#include "vm/base/epoch.h"

#include <algorithm>

#include "vm/base/check.h"

namespace joist {

EpochReader::EpochReader(EpochDomain& domain) : domain_(domain), seen_(EpochDomain::kOffline) {
  MutexLock lock(domain_.mutex_);
  domain_.readers_.push_back(this);
}

EpochReader::~EpochReader() {
  MutexLock lock(domain_.mutex_);
  std::erase(domain_.readers_, this);
  for (auto* list : {&in_flight_, &arriving_}) {
    domain_.orphans_.insert(domain_.orphans_.end(), list->begin(), list->end());
  }
}

EpochDomain::~EpochDomain() {
  JOIST_CHECK(readers_.empty());
  for (const EpochReader::Deferred& deferred : orphans_) deferred.destroy(deferred.object);
}

// Sequentially consistent, as is reading `seen_` in passed(): either the writer sees that this
// thread is online, or this thread sees that the object is unlinked.
void EpochReader::online() { seen_.exchange(domain_.current_.load(), std::memory_order_seq_cst); }

void EpochReader::offline() {
  quiescent();
  seen_.store(EpochDomain::kOffline, std::memory_order_release);
}

void EpochReader::quiescent() {
  const uint64_t current = domain_.current_.load(std::memory_order_acquire);
  if (seen_.load(std::memory_order_relaxed) != current) {
    seen_.store(current, std::memory_order_release);
  }
  if (!in_flight_.empty() || !arriving_.empty()) advance();
}

void EpochReader::retire(void* object, Destroy destroy) { arriving_.push_back({object, destroy}); }

void EpochReader::advance() {
  if (!in_flight_.empty()) {
    if (!domain_.passed(in_flight_epoch_)) return;
    // What a destructor retires in turn arrives for a later batch.
    std::vector<Deferred> free_now;
    free_now.swap(in_flight_);
    for (const Deferred& deferred : free_now) deferred.destroy(deferred.object);
  }
  if (arriving_.empty()) return;
  in_flight_.swap(arriving_);
  in_flight_epoch_ = domain_.current_.fetch_add(1, std::memory_order_seq_cst) + 1;
}

bool EpochDomain::passed(uint64_t epoch) {
  MutexLock lock(mutex_);
  return std::all_of(readers_.begin(), readers_.end(), [epoch](const EpochReader* reader) {
    return reader->seen_.load(std::memory_order_seq_cst) >= epoch;
  });
}

}  // namespace joist
