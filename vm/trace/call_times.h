// What call_time and call_memory count of one function: calls, and the time or the words that were
// spent in it (not in what it calls), process by process.
#pragma once

#include <unordered_map>
#include <vector>

#include "vm/base/sync.h"
#include "vm/term/term.h"

namespace joist {

struct CallTime {
  Term process;
  uint64_t count = 0;
  int64_t total = 0;  // nanoseconds, or words
};

class CallTimes {
 public:
  void add(Term process, uint64_t count, int64_t amount) {
    MutexLock lock(mutex_);
    CallTime& time = times_[process.bits()];
    time.process = process;
    time.count += count;
    time.total += amount;
  }
  void clear() {
    MutexLock lock(mutex_);
    times_.clear();
  }
  std::vector<CallTime> all() const {
    MutexLock lock(mutex_);
    std::vector<CallTime> result;
    for (const auto& [process, time] : times_) result.push_back(time);
    return result;
  }

 private:
  mutable Mutex mutex_;
  std::unordered_map<Word, CallTime> times_ JOIST_GUARDED_BY(mutex_);
};

}  // namespace joist
