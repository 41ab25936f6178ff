#include "loader/flow_machine.h"

#include <functional>

namespace joist {

namespace {

using Kind = OperandKind;

// Bounds the memory that one function may cost; far above what compilers write.
constexpr size_t kMaxLabels = size_t{1} << 19;

}  // namespace

FlowMachine::FlowMachine(const BeamFile& file, const GenericCode& code, const LabelTable& labels,
                         const GenericFunction& function, uint32_t number,
                         const FlowRepairs& repairs, FlowScratch& scratch)
    : file_(file),
      code_(code),
      labels_(labels),
      function_(function),
      number_(number),
      clear_frames_(repairs.clear_frames),
      repairs_(repairs),
      points_(scratch.points),
      pending_(scratch.pending) {
  points_.clear();
  pending_.clear();
}

bool FlowMachine::start() {
  current_ = function_.begin;
  if (labels_.counts[number_] > kMaxLabels) {
    fail("too many labels in one function");
    return false;
  }
  points_.reserve(labels_.counts[number_]);
  for (uint32_t i = function_.begin; i < function_.end; ++i) {
    if (code_.instructions[i].op == GenericOp::label_1) points_.emplace_back(i);
  }
  FlowState entry;
  entry.x.add_below(function_.arity);
  flow_to(function_.entry_label, entry);
  return true;
}

std::vector<uint32_t> FlowMachine::dead_labels() const {
  std::vector<uint32_t> dead;
  for (const FlowPoint& point : points_) {
    if (!point.reached && point.instruction > function_.entry) dead.push_back(point.instruction);
  }
  return dead;
}

bool FlowMachine::resume() {
  if (pending_.empty() || fault_.found()) return false;
  std::pop_heap(pending_.begin(), pending_.end(), std::greater<>());
  FlowPoint& point = points_[pending_.back()];
  pending_.pop_back();
  point.pending = false;
  state_ = point.state;
  current_ = point.instruction;
  alive_ = true;
  return true;
}

void FlowMachine::run_into_label(uint32_t label) {
  x_before_ = state_.x;
  flow_repaired(label);
}

void FlowMachine::fail(const char* what) {
  if (!fault_.found()) fault_ = {current_, what};
  alive_ = false;
}

void FlowMachine::flow_to(uint32_t label, const FlowState& state) {
  JOIST_ASSERT(is_own(label));
  FlowPoint* const place = &points_.back() - labels_.ordinal[label];
  if (!place->reached) {
    place->reached = true;
    place->state = state;
  } else {
    const MergeOutcome outcome = merge_state(place->state, state, stacks_);
    if (outcome == MergeOutcome::kUnsafe) {
      empty_y_ |= !fault_.found();
      return fail("frames of different sizes meet");
    }
    if (outcome == MergeOutcome::kUnchanged) return;
  }
  if (place->pending) return;
  place->pending = true;
  pending_.push_back(static_cast<uint32_t>(place - points_.data()));
  std::push_heap(pending_.begin(), pending_.end(), std::greater<>());
}

void FlowMachine::flow_repaired(uint32_t label) {
  if (repairs_.x.empty()) return flow_to(label, state_);
  FlowState repaired = state_;
  for (const uint32_t x : repairs_.x) {
    if (state_.x.has(x) || x_before_.has(x)) continue;
    repaired.x.add(x);
    cleared_x_.insert({current_, x});
  }
  flow_to(label, repaired);
}

void FlowMachine::branch(const Operand& label) {
  if (label.kind != Kind::kLabel) return;
  if (!is_own(label.index())) return fail("a label that is not defined in the function");
  if (labels_.try_handler[label.index()]) return fail("a jump to the handler of a try");
  flow_repaired(label.index());
}

void FlowMachine::raise() {
  require_initialized_y("an uninitialised y register where an exception may be raised");
  resume_handler();
}

void FlowMachine::raise_from_bif() {
  if (!state_.y_initialized()) clear_frames_ = true;
  resume_handler();
}

void FlowMachine::resume_handler() {
  if (!state_.catches_known) return fail("an exception where catches differ by path");
  if (state_.catches == kNoCatch || !alive_) return;
  const uint32_t handler = stacks_[state_.catches].handler;
  if (handler == kAmbiguousHandler) return fail("an exception where handlers differ by path");
  if (!is_own(handler)) return fail("a handler label that is not defined in the function");
  FlowState resumed = state_;
  resumed.x.clear();
  resumed.x.add_below(kExceptionRegisters);
  resumed.heap = {};
  flow_to(handler, resumed);
}

void FlowMachine::raise_and_stop() {
  raise();
  alive_ = false;
}

void FlowMachine::read(const Operand& operand) {
  if (operand.kind == Kind::kX && !state_.x.has(operand.index())) {
    if (!fault_.found()) empty_x_ = operand.index();
    fail("reads an x register that holds nothing");
  } else if (operand.kind == Kind::kY) {
    if (operand.value >= state_.frame) return fail("reads a y register outside the frame");
    if (state_.tags.has(operand.index())) return fail("reads a catch tag");
    if (state_.y.has(operand.index())) return;
    empty_y_ |= !fault_.found();
    fail("reads a y register that holds nothing");
  }
}

void FlowMachine::write(const Operand& operand) {
  if (operand.kind == Kind::kX) {
    state_.x.add(operand.index());
  } else if (operand.kind == Kind::kY) {
    if (!state_.has_frame() || operand.value >= state_.frame) {
      return fail("writes a y register outside the frame");
    }
    require(!state_.tags.has(operand.index()), "overwrites a catch tag");
    state_.y.add(operand.index());
  }
}

void FlowMachine::use_heap(uint32_t Allocation::* kind, uint64_t amount) {
  uint32_t& left = state_.heap.*kind;
  if (amount > left) return fail("builds a term in heap that was not reserved");
  left -= static_cast<uint32_t>(amount);
}

void FlowMachine::require_live(uint32_t live) {
  if (state_.x.has_below(live)) return;
  uint32_t x = 0;
  while (state_.x.has(x)) ++x;
  if (!fault_.found()) empty_x_ = x;
  fail("an x register below the live count holds nothing");
}

void FlowMachine::require_initialized_y(const char* what) {
  if (state_.y_initialized()) return;
  empty_y_ |= !fault_.found();
  fail(what);
}

void FlowMachine::collect(uint32_t live) {
  require_live(live);
  require_initialized_y("an uninitialised y register where heap may be collected");
  state_.x.keep_below(live);
  state_.heap = {};
}

void FlowMachine::call(uint32_t live) {
  require(state_.has_frame(), "a call without a stack frame");
  collect(live);
  raise();
  state_.x.clear();
  state_.x.add(0);
}

void FlowMachine::tail_call(uint32_t live, const Operand* deallocate) {
  collect(live);
  raise();
  const int64_t frame = deallocate == nullptr ? FlowState::kNoFrame : deallocate->value;
  require(state_.decided && state_.frame == frame, "a tail call with another frame size");
  require(state_.catches == kNoCatch, "a tail call inside catch or try");
  alive_ = false;
}

void FlowMachine::allocate(uint32_t size, uint32_t live, Allocation heap, bool zeroed) {
  require(state_.decided && state_.frame == FlowState::kNoFrame, "allocates a second frame");
  collect(live);
  state_.frame = static_cast<int32_t>(size);
  state_.y.clear();
  if (zeroed || repairs_.clear_frames) state_.y.add_below(size);
  state_.heap = heap;
}

void FlowMachine::deallocate(uint32_t size) {
  require(state_.decided && state_.frame == static_cast<int32_t>(size),
          "deallocates another frame size");
  require(state_.tags.empty(), "deallocates inside catch or try");
  state_.frame = FlowState::kNoFrame;
  state_.y.clear();
}

void FlowMachine::trim(uint64_t count, uint64_t remaining) {
  const bool sound = state_.has_frame() && count <= kMaxRegisters && remaining <= kMaxRegisters &&
                     count + remaining == static_cast<uint64_t>(state_.frame);
  if (!sound) return fail("trims another frame size");
  state_.frame = static_cast<int32_t>(remaining);
  state_.y.shift_down(static_cast<uint32_t>(count));
  state_.tags.shift_down(static_cast<uint32_t>(count));
  state_.y.keep_below(static_cast<uint32_t>(remaining));
  state_.tags.keep_below(static_cast<uint32_t>(remaining));
}

void FlowMachine::start_catch(const Operand& slot, const Operand& handler, bool is_try) {
  write(slot);
  if (!alive_) return;
  if (!state_.catches_known) return fail("a catch where catches differ by path");
  // Other faults are told first.
  if (!is_own(handler.index()) && undefined_handler_ == kNoIndex) undefined_handler_ = current_;
  state_.y.remove(slot.index());
  state_.tags.add(slot.index());
  const auto distance = static_cast<uint16_t>(state_.frame - slot.value);
  // The stack is scanned from y(0) on, so the innermost catch has to come first.
  const bool nested = state_.catches == kNoCatch || stacks_[state_.catches].distance < distance;
  if (!nested) return fail("a catch behind the one it is nested in");
  state_.catches = stacks_.push({state_.catches, handler.index(), distance, is_try});
}

void FlowMachine::end_catch(const Operand& slot, bool is_try) {
  const bool tagged = state_.catches_known && state_.catches != kNoCatch && state_.has_frame() &&
                      slot.value < state_.frame && state_.tags.has(slot.index());
  if (!tagged) return fail("ends a catch that is not active");
  const CatchNode& top = stacks_[state_.catches];
  const bool matches = top.is_try == is_try && top.distance == state_.frame - slot.value;
  if (!matches) return fail("ends a catch that is not the innermost");
  state_.catches = top.parent;
  state_.tags.remove(slot.index());
  state_.y.add(slot.index());
}

}  // namespace joist
