#include "vm/heap/retired_literals.h"

namespace joist {

RetiredLiterals::~RetiredLiterals() {
  if (leaving_ != nullptr) finish();
  for (LiteralSpace::Area& area : waiting_) space_.release(area);
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

// Whoever retires more does not wait meanwhile.
void RetiredLiterals::finish() {
  std::vector<LiteralSpace::Area> areas;
  {
    MutexLock lock(mutex_);
    is_searching_.store(false, std::memory_order_release);
    leaving_control(&space_)->copied.store(nullptr, std::memory_order_release);
    leaving_control(&space_)->counted.store(nullptr, std::memory_order_release);
    for (size_t i = 0; i < leaving_->count(); ++i) areas.push_back(leaving_->area(i));
    former_ = std::move(leaving_);
  }
  for (LiteralSpace::Area& area : areas) space_.release(area);
}

size_t RetiredLiterals::words_to_release() {
  MutexLock lock(mutex_);
  size_t words = 0;
  if (round_ != Round::kSearched) return words;
  for (size_t i = 0; i < leaving_->count(); ++i) words += leaving_->area(i).count;
  return words;
}

bool RetiredLiterals::next_round() {
  {
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
  }
  finish();
  MutexLock lock(mutex_);
  return begin();
}

}  // namespace joist
