// What verification knows at one point of a function: the frame, which registers hold terms, which
// y registers hold catch tags, and the heap still reserved.
//
// A y register of a frame is uninitialised, a term, or a catch tag. Frames of different sizes may
// meet only where an exception is raised: then the size is undecided, every y register is known to
// be initialised, and those that both frames have may be read.
//
// Active catches form a stack, kept as immutable linked nodes so that states share them and
// compare them by index. A catch is placed by its distance from the end of its frame, which trim
// does not change:
//
//   frame 3:  y(0)  y(1)  y(2)|        trim 1 makes y(1) y(0): still distance 2
//              3     2     1
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "loader/beam_file.h"

namespace joist {

// A set of register numbers. Most functions use a few registers only, there is a state for each
// label, and states are copied at each branch: so a set is small until it has a register from 64
// on, and words beyond those in use are neither cleared nor copied.
class RegisterSet {
 public:
  RegisterSet() {}
  RegisterSet(const RegisterSet& other) { *this = other; }
  RegisterSet& operator=(const RegisterSet& other) {
    used_ = other.used_;
    if (used_ != 0) first_ = other.first_;
    if (used_ > 1) copy_rest(other);
    return *this;
  }

  bool has(uint32_t index) const { return (word(index / 64) >> index % 64 & 1) != 0; }
  void add(uint32_t index) {
    use(index / 64 + 1);
    at(index / 64) |= uint64_t{1} << index % 64;
  }
  void remove(uint32_t index) {
    if (index / 64 < used_) at(index / 64) &= ~(uint64_t{1} << index % 64);
  }
  void clear() { used_ = 0; }
  bool empty() const { return *this == RegisterSet(); }

  // Whether 0 .. count - 1 are all in the set.
  bool has_below(uint32_t count) const;
  // Whether each of them is in this set or in `other`.
  bool has_below_with(const RegisterSet& other, uint32_t count) const;
  void add_below(uint32_t count);
  // Removes count and all above.
  void keep_below(uint32_t count);
  // Renumbers each register n to n - count; those below count fall out.
  void shift_down(uint32_t count);
  // Keeps what `other` has as well; true if that took something away.
  bool intersect(const RegisterSet& other);

  bool operator==(const RegisterSet& other) const;

 private:
  static constexpr uint32_t kWords = kMaxRegisters / 64;

  uint64_t& at(uint32_t index) { return index == 0 ? first_ : rest_[index - 1]; }
  uint64_t word(uint32_t index) const {
    if (index >= used_) return 0;
    return index == 0 ? first_ : rest_[index - 1];
  }
  void use(uint32_t count) {
    if (count > 1) make_rest();
    while (used_ < count) at(used_++) = 0;
  }
  void make_rest() {
    if (rest_ == nullptr) rest_ = std::make_unique_for_overwrite<uint64_t[]>(kWords - 1);
  }
  void copy_rest(const RegisterSet& other);

  uint32_t used_ = 0;  // words that count; in those behind them no register is
  uint64_t first_;
  std::unique_ptr<uint64_t[]> rest_;
};

inline constexpr uint32_t kNoCatch = 0;
inline constexpr uint32_t kAmbiguousHandler = 0;  // no label has this number

struct CatchNode {
  uint32_t parent = kNoCatch;
  uint32_t handler = kAmbiguousHandler;
  uint16_t distance = 0;
  bool is_try = false;

  bool operator==(const CatchNode&) const = default;
};

// The nodes of one function's catch stacks; index 0 is the empty stack.
class CatchStacks {
 public:
  CatchStacks() : nodes_(1) {}

  const CatchNode& operator[](uint32_t index) const { return nodes_[index]; }
  uint32_t push(const CatchNode& node);
  // The stack that stands for both: handlers that differ become ambiguous. False if the stacks
  // differ otherwise.
  bool merge(uint32_t a, uint32_t b, uint32_t& merged);

 private:
  struct Hash {
    size_t operator()(const CatchNode& node) const;
  };

  std::vector<CatchNode> nodes_;
  std::unordered_map<CatchNode, uint32_t, Hash> known_;
};

struct FlowState {
  static constexpr int32_t kNoFrame = -1;

  int32_t frame = kNoFrame;  // number of y registers; if undecided, of those that may be read
  bool decided = true;
  bool catches_known = true;
  uint32_t catches = kNoCatch;
  RegisterSet x;
  RegisterSet y;     // y registers that hold terms
  RegisterSet tags;  // y registers that hold catch tags
  Allocation heap;   // still reserved

  bool has_frame() const { return decided && frame != kNoFrame; }
  bool y_initialized() const {
    return frame == kNoFrame || y.has_below_with(tags, static_cast<uint32_t>(frame));
  }
};

// A label of the function and what is known there.
struct FlowPoint {
  explicit FlowPoint(uint32_t at) : instruction(at) {}
  uint32_t instruction;
  bool reached = false;
  bool pending = false;
  FlowState state;
};

// What one function after the other may use, so that each need not get memory of its own.
struct FlowScratch {
  std::vector<FlowPoint> points;  // in the order of the code
  std::vector<uint32_t> pending;  // heap of indices into points, the first in the code on top
};

enum class MergeOutcome { kUnchanged, kChanged, kUnsafe };

// Makes `state` true of paths that arrive in `state` and of those that arrive in `other`. Unsafe:
// the frames differ in size, with uninitialised registers in one of them.
MergeOutcome merge_state(FlowState& state, const FlowState& other, CatchStacks& stacks);

}  // namespace joist
