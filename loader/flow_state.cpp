#include "loader/flow_state.h"

#include <algorithm>

namespace joist {

namespace {

// The registers below `count` that lie in the word at `index`.
uint64_t mask_below(uint32_t count, uint32_t index) {
  const uint32_t first = index * 64;
  if (count <= first) return 0;
  return count - first >= 64 ? ~uint64_t{0} : (uint64_t{1} << (count - first)) - 1;
}

}  // namespace

void RegisterSet::copy_rest(const RegisterSet& other) {
  make_rest();
  std::copy_n(other.rest_.get(), used_ - 1, rest_.get());
}

bool RegisterSet::has_below(uint32_t count) const {
  for (uint32_t i = 0; i * 64 < count; ++i) {
    if ((mask_below(count, i) & ~word(i)) != 0) return false;
  }
  return true;
}

bool RegisterSet::has_below_with(const RegisterSet& other, uint32_t count) const {
  for (uint32_t i = 0; i * 64 < count; ++i) {
    if ((mask_below(count, i) & ~(word(i) | other.word(i))) != 0) return false;
  }
  return true;
}

void RegisterSet::add_below(uint32_t count) {
  use((count + 63) / 64);
  for (uint32_t i = 0; i * 64 < count; ++i) at(i) |= mask_below(count, i);
}

void RegisterSet::keep_below(uint32_t count) {
  used_ = std::min(used_, (count + 63) / 64);
  if (used_ != 0) at(used_ - 1) &= mask_below(count, used_ - 1);
}

void RegisterSet::shift_down(uint32_t count) {
  const uint32_t skipped = count / 64;
  const unsigned bits = count % 64;
  const uint32_t left = used_ > skipped ? used_ - skipped : 0;
  for (uint32_t i = 0; i < left; ++i) {
    at(i) = at(i + skipped) >> bits;
    if (bits != 0) at(i) |= word(i + skipped + 1) << (64 - bits);
  }
  used_ = left;
}

bool RegisterSet::intersect(const RegisterSet& other) {
  bool changed = false;
  for (uint32_t i = 0; i < used_; ++i) {
    const uint64_t kept = at(i) & other.word(i);
    changed |= kept != at(i);
    at(i) = kept;
  }
  return changed;
}

bool RegisterSet::operator==(const RegisterSet& other) const {
  const uint32_t most = std::max(used_, other.used_);
  for (uint32_t i = 0; i < most; ++i) {
    if (word(i) != other.word(i)) return false;
  }
  return true;
}

size_t CatchStacks::Hash::operator()(const CatchNode& node) const {
  const uint64_t links = uint64_t{node.parent} << 32 | node.handler;
  const uint64_t place = uint64_t{node.distance} << 1 | uint64_t{node.is_try};
  return static_cast<size_t>((links * 0x9e3779b97f4a7c15u ^ place) * 0xff51afd7ed558ccdu >> 7);
}

uint32_t CatchStacks::push(const CatchNode& node) {
  const auto [entry, is_new] = known_.try_emplace(node, static_cast<uint32_t>(nodes_.size()));
  if (is_new) nodes_.push_back(node);
  return entry->second;
}

bool CatchStacks::merge(uint32_t a, uint32_t b, uint32_t& merged) {
  // Nodes of both stacks from the top down to where they join.
  std::vector<CatchNode> above;
  while (a != b) {
    if (a == kNoCatch || b == kNoCatch) return false;
    CatchNode node = nodes_[a];
    const CatchNode& other = nodes_[b];
    if (node.is_try != other.is_try || node.distance != other.distance) return false;
    if (node.handler != other.handler) node.handler = kAmbiguousHandler;
    above.push_back(node);
    a = nodes_[a].parent;
    b = other.parent;
  }
  merged = a;
  for (size_t i = above.size(); i-- > 0;) {
    above[i].parent = merged;
    merged = push(above[i]);
  }
  return true;
}

namespace {

int32_t readable(const FlowState& state) { return std::max(state.frame, 0); }

// Returns whether `state` changed; false in `safe` if the frames cannot meet.
bool merge_frames(FlowState& state, const FlowState& other, bool& safe) {
  safe = true;
  const bool same = state.frame == other.frame && state.decided == other.decided;
  if (same) return false;
  safe = state.y_initialized() && other.y_initialized();
  const int32_t merged = std::min(readable(state), readable(other));
  const bool changed = state.decided || merged != state.frame;
  state.decided = false;
  state.frame = merged;
  state.y.keep_below(static_cast<uint32_t>(merged));
  state.tags.keep_below(static_cast<uint32_t>(merged));
  return changed;
}

bool merge_catches(FlowState& state, const FlowState& other, CatchStacks& stacks) {
  if (!state.catches_known) return false;
  uint32_t merged = kNoCatch;
  if (other.catches_known && stacks.merge(state.catches, other.catches, merged)) {
    const bool changed = merged != state.catches;
    state.catches = merged;
    return changed;
  }
  state.catches_known = false;
  state.catches = kNoCatch;
  return true;
}

bool lower(uint32_t& value, uint32_t other) {
  if (other >= value) return false;
  value = other;
  return true;
}

}  // namespace

MergeOutcome merge_state(FlowState& state, const FlowState& other, CatchStacks& stacks) {
  bool safe = false;
  bool changed = merge_frames(state, other, safe);
  if (!safe) return MergeOutcome::kUnsafe;
  changed |= merge_catches(state, other, stacks);
  changed |= state.x.intersect(other.x);
  changed |= state.y.intersect(other.y);
  changed |= state.tags.intersect(other.tags);
  changed |= lower(state.heap.words, other.heap.words);
  changed |= lower(state.heap.floats, other.heap.floats);
  changed |= lower(state.heap.funs, other.heap.funs);
  return changed ? MergeOutcome::kChanged : MergeOutcome::kUnchanged;
}

}  // namespace joist
