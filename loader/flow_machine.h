// The machine that verification runs a function on: it keeps what is known at each label, follows
// paths until nothing changes, and offers what instructions do to that knowledge as operations
// (read, write, call, allocate, ...). Which instruction does what is in verify_flow.cpp.
//
// Compilers know types, so they know that some branches are never taken and rely on it: a register
// may be empty on such a branch and be read behind its label. We do not know that, and do not trust
// it. Instead the function is repaired and followed again: an x register that is empty on some path
// is set to [] before the branches that leave it empty, and frames are cleared when allocated.
#pragma once

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "loader/control_flow.h"
#include "loader/flow_state.h"
#include "loader/verify_flow.h"

namespace joist {

struct FlowRepairs {
  bool clear_frames = false;
  std::vector<uint32_t> x;

  bool clears(uint32_t number) const { return std::find(x.begin(), x.end(), number) != x.end(); }
};

class FlowMachine {
 public:
  FlowMachine(const BeamFile& file, const GenericCode& code, const LabelTable& labels,
              const GenericFunction& function, uint32_t number, const FlowRepairs& repairs,
              FlowScratch& scratch);

  FlowFault fault() const {
    if (fault_.found() || undefined_handler_ == kNoIndex) return fault_;
    return {undefined_handler_, "a handler label that is not defined in the function"};
  }
  // What the empty register was that the fault is about, if a repair may help.
  uint32_t empty_x() const { return empty_x_; }
  bool empty_y() const { return empty_y_; }
  // Label instructions of the function's body that were not reached.
  std::vector<uint32_t> dead_labels() const;

 protected:
  // Starts at the entry with the arguments in place; false if the function is too large.
  bool start();
  // Takes up the next label whose state changed; false when all is done or a fault was found.
  bool resume();
  // Arrives at the label, whose instruction is `current_`, by running into it.
  void run_into_label(uint32_t label);

  // Whether the function defines the label.
  bool is_own(uint32_t label) const { return labels_.owner[label] == number_; }

  // Before an instruction.
  void remember_x() {
    if (!repairs_.x.empty()) x_before_ = state_.x;
  }

  void fail(const char* what);
  void require(bool met, const char* what) {
    if (!met) fail(what);
  }

  void read(const Operand& operand);
  void write(const Operand& operand);
  void use_heap(uint32_t Allocation::* kind, uint64_t amount);

  // The stack is scanned and x registers from `live` on are lost.
  void collect(uint32_t live);
  void require_live(uint32_t live);
  void require_initialized_y(const char* what);

  void branch(const Operand& label);
  // An exception may be raised here: the stack is scanned and the handler resumes.
  void raise();
  // Likewise by a bif, which compilers put before all y registers are initialised if they know that
  // it cannot fail. We do not, so the frames of the function have to be cleared.
  void raise_from_bif();
  void raise_and_stop();

  void call(uint32_t live);
  void tail_call(uint32_t live, const Operand* deallocate);
  void allocate(uint32_t size, uint32_t live, Allocation heap, bool zeroed);
  void deallocate(uint32_t size);
  void trim(uint64_t count, uint64_t remaining);
  void start_catch(const Operand& slot, const Operand& handler, bool is_try);
  void end_catch(const Operand& slot, bool is_try);

  const BeamFile& file_;
  const GenericCode& code_;
  const LabelTable& labels_;
  const GenericFunction& function_;
  const uint32_t number_;  // of the function, in labels_

  FlowState state_;
  RegisterSet x_before_;  // x registers that held terms before the instruction, if repairs need it
  bool alive_ = true;     // whether the path goes on
  uint32_t current_ = 0;  // index of the current instruction
  bool clear_frames_ = false;
  std::set<std::pair<uint32_t, uint32_t>> cleared_x_;  // instruction, x register

 private:
  void flow_to(uint32_t label, const FlowState& state);
  // Goes to the label; repaired x registers that are empty count as cleared before the
  // current instruction.
  void flow_repaired(uint32_t label);
  void resume_handler();

  const FlowRepairs& repairs_;
  std::vector<FlowPoint>& points_;  // see FlowScratch
  std::vector<uint32_t>& pending_;
  CatchStacks stacks_;
  FlowFault fault_;
  uint32_t undefined_handler_ = kNoIndex;  // the first instruction that names one
  uint32_t empty_x_ = kNoIndex;
  bool empty_y_ = false;
};

// A handler finds class, reason and stack trace in x(0) to x(2).
inline constexpr uint32_t kExceptionRegisters = 3;

}  // namespace joist
