#include "vm/heap/retired_literals.h"

namespace joist {

RetiredLiterals::~RetiredLiterals() {
  MutexLock lock(mutex_);
  for (LiteralSpace::Area& area : waiting_) space_.release(area);
  if (leaving_ != nullptr) finish();
}

void RetiredLiterals::add(const LiteralSpace::Area& area) {
  if (area.words == nullptr) return;
  MutexLock lock(mutex_);
  if (waiting_.empty() && round_ == Round::kIdle) {
    has_news_.store(true, std::memory_order_release);
  }
  waiting_.push_back(area);
}

bool RetiredLiterals::begin() {
  round_ = Round::kIdle;
  if (waiting_.empty()) return false;
  has_news_.store(false, std::memory_order_release);
  leaving_ = std::make_unique<LeavingLiterals>(std::move(waiting_));
  waiting_.clear();
  leaving_control(&space_)->counted.store(leaving_.get(), std::memory_order_release);
  round_ = Round::kCounted;
  return true;
}

void RetiredLiterals::finish() {
  is_searching_.store(false, std::memory_order_release);
  leaving_control(&space_)->copied.store(nullptr, std::memory_order_release);
  leaving_control(&space_)->counted.store(nullptr, std::memory_order_release);
  for (size_t i = 0; i < leaving_->count(); ++i) {
    LiteralSpace::Area area = leaving_->area(i);
    space_.release(area);
  }
  former_ = std::move(leaving_);
}

bool RetiredLiterals::next_round() {
  MutexLock lock(mutex_);
  switch (round_) {
    case Round::kIdle:
      return begin();
    case Round::kCounted:
      former_.reset();
      leaving_control(&space_)->copied.store(leaving_.get(), std::memory_order_release);
      round_ = Round::kCopied;
      return true;
    case Round::kCopied:
      is_searching_.store(true, std::memory_order_release);
      round_ = Round::kSearched;
      return true;
    case Round::kSearched:
      break;
  }
  finish();
  return begin();
}

}  // namespace joist
