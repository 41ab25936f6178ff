#include "bif/binary_search.h"

#include <algorithm>

namespace joist {

BytePatterns::BytePatterns(std::span<const ByteSpan> patterns) {
  JOIST_CHECK(!patterns.empty());
  for (ByteSpan pattern : patterns) longest_pattern_ = std::max(longest_pattern_, pattern.size());
  if (patterns.size() == 1) {
    bytes_.assign(patterns[0].begin(), patterns[0].end());
  } else {
    build(patterns);
  }
}

void BytePatterns::build(std::span<const ByteSpan> patterns) {
  size_t total = 1;
  for (ByteSpan pattern : patterns) {
    total += pattern.size();
    for (uint8_t byte : pattern) {
      if (class_of_[byte] == 0) class_of_[byte] = static_cast<uint16_t>(class_count_++);
    }
  }
  depth_.reserve(total);
  longest_.reserve(total);
  depth_.push_back(0);
  longest_.push_back(0);
  next_.assign(class_count_, 0);
  for (ByteSpan pattern : patterns) {
    starts_[pattern[0]] = true;
    add(pattern);
  }
  link_failures();
}

// Into the trie; 0 stands for "no child", since the root is nobody's child.
void BytePatterns::add(ByteSpan pattern) {
  uint32_t state = 0;
  for (uint8_t byte : pattern) {
    uint32_t child = next(state, byte);
    if (child == 0) {
      child = static_cast<uint32_t>(depth_.size());
      depth_.push_back(depth_[state] + 1);
      longest_.push_back(0);
      next_.resize(next_.size() + class_count_, 0);
      next(state, byte) = child;
    }
    state = child;
  }
  longest_[state] = depth_[state];
}

// Breadth first: what is missing in a state is what its failure state does, and the failure state
// (the longest proper suffix that is a state) is complete by then.
void BytePatterns::link_failures() {
  std::vector<uint32_t> failure(depth_.size(), 0);
  std::vector<uint32_t> queue;
  queue.reserve(depth_.size());
  queue.push_back(0);
  for (size_t head = 0; head < queue.size(); ++head) {
    uint32_t state = queue[head];
    for (size_t c = 0; c < class_count_; ++c) {
      uint32_t& child = next_[size_t{state} * class_count_ + c];
      uint32_t fallback = state == 0 ? 0 : next_[size_t{failure[state]} * class_count_ + c];
      if (child == 0) {
        child = fallback;
        continue;
      }
      failure[child] = fallback;
      if (longest_[child] == 0) longest_[child] = longest_[fallback];
      queue.push_back(child);
    }
  }
}

std::optional<Part> BytePatterns::find(ByteSpan text, size_t from, size_t to) const {
  if (from >= to) return std::nullopt;
  const uint8_t* data = text.data();
  if (single()) {
    const void* found = bytes_.size() == 1
                            ? std::memchr(data + from, bytes_[0], to - from)
                            : memmem(data + from, to - from, bytes_.data(), bytes_.size());
    if (found == nullptr) return std::nullopt;
    return Part{static_cast<size_t>(static_cast<const uint8_t*>(found) - data), bytes_.size()};
  }
  Part best{0, 0};
  size_t state = 0;
  for (size_t i = from; i < to; ++i) {
    if (state == 0 && best.length == 0) {
      while (i < to && !starts_[data[i]]) ++i;
      if (i == to) break;
    }
    state = next_[state * class_count_ + class_of_[data[i]]];
    if (state == 0) {
      if (best.length != 0) break;
      continue;
    }
    // Nothing that is still being read starts as early as what was found.
    if (best.length != 0 && i + 1 - depth_[state] > best.start) break;
    size_t length = longest_[state];
    if (length != 0) {
      size_t start = i + 1 - length;
      if (best.length == 0 || start < best.start || (start == best.start && length > best.length)) {
        best = {start, length};
      }
    }
  }
  if (best.length == 0) return std::nullopt;
  return best;
}

}  // namespace joist
