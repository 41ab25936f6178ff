// Literal areas of purged code, which heaps may still refer to. They stay until the VM ends: to
// release one, every process would first have to copy what it refers to.
#pragma once

#include <vector>

#include "vm/base/sync.h"
#include "vm/heap/literals.h"

namespace joist {

class RetiredLiterals {
 public:
  explicit RetiredLiterals(LiteralSpace& space) : space_(space) {}
  ~RetiredLiterals() {
    MutexLock lock(mutex_);
    for (LiteralSpace::Area& area : areas_) space_.release(area);
  }
  RetiredLiterals(const RetiredLiterals&) = delete;
  RetiredLiterals& operator=(const RetiredLiterals&) = delete;

  void add(const LiteralSpace::Area& area) {
    MutexLock lock(mutex_);
    areas_.push_back(area);
  }

 private:
  LiteralSpace& space_;
  Mutex mutex_;
  std::vector<LiteralSpace::Area> areas_ JOIST_GUARDED_BY(mutex_);
};

}  // namespace joist
