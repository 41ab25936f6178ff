// What a walk over terms has still to visit. Shallow terms need no allocation; deep ones grow a
// block instead of the native stack.
#pragma once

#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "vm/base/check.h"

namespace joist {

template <typename T>
class WorkStack {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  WorkStack() = default;
  ~WorkStack() {
    if (entries_ != inline_) free(entries_);
  }
  WorkStack(const WorkStack&) = delete;
  WorkStack& operator=(const WorkStack&) = delete;

  bool empty() const { return count_ == 0; }
  T& top() { return entries_[count_ - 1]; }
  void pop() { --count_; }
  void push(T entry) {
    if (count_ == capacity_) [[unlikely]]
      grow();
    entries_[count_++] = entry;
  }

 private:
  static constexpr size_t kInline = 64;

  [[gnu::noinline]] void grow() {
    T* entries = static_cast<T*>(malloc(2 * capacity_ * sizeof(T)));
    if (entries == nullptr) fatal("out of memory: a term nested %zu deep", capacity_);
    memcpy(entries, entries_, count_ * sizeof(T));
    if (entries_ != inline_) free(entries_);
    entries_ = entries;
    capacity_ *= 2;
  }

  T inline_[kInline];
  T* entries_ = inline_;
  size_t count_ = 0;
  size_t capacity_ = kInline;
};

}  // namespace joist
