// Literal areas of purged code, which heaps may still refer to. One at a time is taken out of use:
// every process makes its own copies of what it refers to (OTP's erts_literal_area_collector asks
// each), and then the area is released.
#pragma once

#include <deque>
#include <memory>

#include "vm/base/sync.h"
#include "vm/heap/literals.h"

namespace joist {

class RetiredLiterals {
 public:
  explicit RetiredLiterals(LiteralSpace& space) : space_(space) {}
  ~RetiredLiterals() {
    MutexLock lock(mutex_);
    if (current_.words != nullptr) space_.release(current_);
    for (LiteralSpace::Area& area : waiting_) space_.release(area);
  }
  RetiredLiterals(const RetiredLiterals&) = delete;
  RetiredLiterals& operator=(const RetiredLiterals&) = delete;

  void add(const LiteralSpace::Area& area) {
    MutexLock lock(mutex_);
    waiting_.push_back(area);
  }

  // Releases the area that was current and makes the next one so. False: there is none.
  bool next() {
    MutexLock lock(mutex_);
    if (current_.words != nullptr) space_.release(current_);
    current_ = {};
    if (waiting_.empty()) return false;
    current_ = waiting_.front();
    waiting_.pop_front();
    return true;
  }

  LiteralSpace::Area current() const {
    MutexLock lock(mutex_);
    return current_;
  }

 private:
  LiteralSpace& space_;
  mutable Mutex mutex_;
  LiteralSpace::Area current_ JOIST_GUARDED_BY(mutex_);
  std::deque<LiteralSpace::Area> waiting_ JOIST_GUARDED_BY(mutex_);
};

}  // namespace joist
