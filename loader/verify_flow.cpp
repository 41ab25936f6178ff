#include "loader/verify_flow.h"

#include <algorithm>
#include <functional>

#include "loader/flow_state.h"
#include "loader/verify_operands.h"

namespace joist {

namespace {

using Kind = OperandKind;

// Bounds on the work and memory that one function may cost; far above what compilers write.
constexpr size_t kMaxLabels = size_t{1} << 19;
// A handler finds class, reason and stack trace in x(0) to x(2).
constexpr uint32_t kExceptionRegisters = 3;

constexpr size_t kVisitsPerInstruction = 256;

class FlowVerifier {
 public:
  FlowVerifier(const BeamFile& file, const LabelTable& labels, const GenericFunction& function)
      : file_(file), code_(file.code), labels_(labels), function_(function) {}

  FlowResult run() {
    if (!collect_labels()) return {fault_, false};
    FlowState entry;
    entry.x.add_below(function_.arity);
    flow_to(function_.entry, entry);
    size_t budget = (function_.end - function_.begin) * kVisitsPerInstruction;
    while (!pending_.empty() && !fault_.found()) {
      std::pop_heap(pending_.begin(), pending_.end(), std::greater<>());
      Point& point = points_[pending_.back()];
      pending_.pop_back();
      point.pending = false;
      state_ = point.state;
      run_from(point.instruction, budget);
    }
    return {fault_, clear_frames_};
  }

 private:
  // A label of the function and what is known there.
  struct Point {
    uint32_t instruction;
    bool reached = false;
    bool pending = false;
    FlowState state = {};
  };

  bool collect_labels() {
    for (uint32_t i = function_.begin; i < function_.end; ++i) {
      if (code_.instructions[i].op != GenericOp::label_1) continue;
      if (points_.size() == kMaxLabels) return fail_at(i, "too many labels in one function");
      points_.push_back(Point{i});
    }
    return true;
  }

  bool fail_at(uint32_t instruction, const char* what) {
    if (!fault_.found()) fault_ = {instruction, what};
    alive_ = false;
    return false;
  }
  void fail(const char* what) { fail_at(current_, what); }
  void require(bool met, const char* what) {
    if (!met) fail(what);
  }

  // Follows the code from a label to the next one or to the end of the path.
  void run_from(uint32_t start, size_t& budget) {
    alive_ = true;
    bool acted = false;
    for (current_ = start + 1; alive_; ++current_) {
      if (current_ == function_.end) return fail("control runs off the end of the function");
      if (budget-- == 0) return fail("the function is too complex to verify");
      const GenericInstruction& instruction = code_.instructions[current_];
      operands_ = code_.operands_of(instruction);
      if (instruction.op == GenericOp::label_1) {
        // Compilers let control run or jump into a try handler only behind a call that never
        // returns, and transform() puts an error there.
        if (!acted || !labels_.try_handler[operands_[0].index()]) flow_to(current_, state_);
        return;
      }
      acted |= !marks_position(instruction.op);
      step(instruction);
    }
  }

  // Lets a path in `state` arrive at the label instruction at `index`.
  void flow_to(uint32_t index, const FlowState& state) {
    const auto place = std::lower_bound(
        points_.begin(), points_.end(), index,
        [](const Point& point, uint32_t wanted) { return point.instruction < wanted; });
    if (place == points_.end() || place->instruction != index) {
      return fail("a label of another function");
    }
    if (!place->reached) {
      place->reached = true;
      place->state = state;
    } else {
      const MergeOutcome outcome = merge_state(place->state, state, stacks_);
      if (outcome == MergeOutcome::kUnsafe) return fail("frames of different sizes meet");
      if (outcome == MergeOutcome::kUnchanged) return;
    }
    if (place->pending) return;
    place->pending = true;
    pending_.push_back(static_cast<uint32_t>(place - points_.begin()));
    std::push_heap(pending_.begin(), pending_.end(), std::greater<>());
  }

  void branch(const Operand& label) {
    if (label.kind != Kind::kLabel) return;
    const uint32_t index = labels_.instruction[label.index()];
    if (index == kNoIndex) return fail("a label that is not defined");
    if (labels_.try_handler[label.index()]) return fail("a jump to the handler of a try");
    flow_to(index, state_);
  }

  // An exception may be raised here: the stack is scanned and the handler resumes.
  void raise() {
    require(state_.y_initialized(), "an uninitialised y register where an exception may be raised");
    resume_handler();
  }

  // Likewise by a bif, which compilers put before all y registers are initialised if they know
  // that it cannot fail. We do not, so the frames of the function have to be cleared.
  void raise_from_bif() {
    if (!state_.y_initialized()) clear_frames_ = true;
    resume_handler();
  }

  void resume_handler() {
    if (!state_.catches_known) return fail("an exception where catches differ by path");
    if (state_.catches == kNoCatch || !alive_) return;
    const uint32_t handler = stacks_[state_.catches].handler;
    if (handler == kAmbiguousHandler) return fail("an exception where handlers differ by path");
    const uint32_t index = labels_.instruction[handler];
    if (index == kNoIndex) return fail("a handler label that is not defined");
    FlowState resumed = state_;
    resumed.x.clear();
    resumed.x.add_below(kExceptionRegisters);
    resumed.heap = {};
    flow_to(index, resumed);
  }

  void read(const Operand& operand) {
    if (operand.kind == Kind::kX) {
      require(state_.x.has(operand.index()), "reads an x register that holds nothing");
    } else if (operand.kind == Kind::kY) {
      const bool within = static_cast<int64_t>(operand.value) < state_.frame;
      require(within && state_.y.has(operand.index()), "reads a y register that holds no term");
    }
  }

  void write(const Operand& operand) {
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

  void use_heap(uint32_t Allocation::* kind, uint64_t amount) {
    uint32_t& left = state_.heap.*kind;
    if (amount > left) return fail("builds a term in heap that was not reserved");
    left -= static_cast<uint32_t>(amount);
  }

  // The stack is scanned and x registers from `live` on are lost.
  void collect(uint32_t live) {
    require(state_.x.has_below(live), "an x register below the live count holds nothing");
    require(state_.y_initialized(), "an uninitialised y register where heap may be collected");
    state_.x.keep_below(live);
    state_.heap = {};
  }

  void call(uint32_t live) {
    require(state_.has_frame(), "a call without a stack frame");
    collect(live);
    raise();
    state_.x.clear();
    state_.x.add(0);
  }

  void tail_call(uint32_t live, const Operand* deallocate) {
    collect(live);
    raise();
    const int64_t frame = deallocate == nullptr ? FlowState::kNoFrame : deallocate->value;
    require(state_.decided && state_.frame == frame, "a tail call with another frame size");
    require(state_.catches == kNoCatch, "a tail call inside catch or try");
    alive_ = false;
  }

  void raise_and_stop() {
    raise();
    alive_ = false;
  }

  void call_local(const Operand& label, uint32_t arity) {
    const uint32_t target = labels_.function[label.index()];
    const bool matches = target != kNoIndex && code_.functions[target].arity == arity;
    require(matches, "calls a label that is no function of that arity");
  }

  void allocate(uint32_t size, uint32_t live, Allocation heap, bool zeroed) {
    require(state_.decided && state_.frame == FlowState::kNoFrame, "allocates a second frame");
    collect(live);
    state_.frame = static_cast<int32_t>(size);
    state_.y.clear();
    if (zeroed) state_.y.add_below(size);
    state_.heap = heap;
  }

  void deallocate(uint32_t size) {
    require(state_.decided && state_.frame == static_cast<int32_t>(size),
            "deallocates another frame size");
    require(state_.tags.empty(), "deallocates inside catch or try");
    state_.frame = FlowState::kNoFrame;
    state_.y.clear();
  }

  void trim(uint64_t count, uint64_t remaining) {
    const bool sound = state_.has_frame() && count <= kMaxRegisters && remaining <= kMaxRegisters &&
                       count + remaining == static_cast<uint64_t>(state_.frame);
    if (!sound) return fail("trims another frame size");
    state_.frame = static_cast<int32_t>(remaining);
    state_.y.shift_down(static_cast<uint32_t>(count));
    state_.tags.shift_down(static_cast<uint32_t>(count));
    state_.y.keep_below(static_cast<uint32_t>(remaining));
    state_.tags.keep_below(static_cast<uint32_t>(remaining));
  }

  void start_catch(const Operand& slot, const Operand& handler, bool is_try) {
    write(slot);
    if (!alive_) return;
    if (!state_.catches_known) return fail("a catch where catches differ by path");
    state_.y.remove(slot.index());
    state_.tags.add(slot.index());
    const auto distance = static_cast<uint16_t>(state_.frame - slot.value);
    // The stack is scanned from y(0) on, so the innermost catch has to come first.
    const bool nested = state_.catches == kNoCatch || stacks_[state_.catches].distance < distance;
    if (!nested) return fail("a catch behind the one it is nested in");
    state_.catches = stacks_.push({state_.catches, handler.index(), distance, is_try});
  }

  void end_catch(const Operand& slot, bool is_try) {
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

  void match_bits(const GenericInstruction& instruction) {
    read(operands_[1]);
    require(state_.y_initialized(), "an uninitialised y register where heap may be collected");
    branch(operands_[0]);
    auto items = code_.list_of(instruction);
    while (alive_ && !items.empty()) {
      const auto command = take_bs_match_command(file_, items);
      if (const Operand* live = command->live()) {
        require(state_.x.has_below(live->index()), "a live x register of bs_match holds nothing");
        state_.x.keep_below(live->index());
        state_.heap = {};
      }
      if (const Operand* destination = command->destination()) write(*destination);
    }
  }

  void read_list(const GenericInstruction& instruction, size_t first, size_t stride) {
    const auto items = code_.list_of(instruction);
    for (size_t i = first; i < items.size(); i += stride) read(items[i]);
  }

  void write_list(const GenericInstruction& instruction, size_t first, size_t stride) {
    const auto items = code_.list_of(instruction);
    for (size_t i = first; i < items.size(); i += stride) write(items[i]);
  }

  // The time is read when the wait starts; when a message resumes it at the label the timer runs
  // already and the register is not looked at again, but it has to hold a term.
  void wait_timeout() {
    const Operand& time = operands_[1];
    read(time);
    collect(0);
    FlowState after = state_;
    if (time.kind == Kind::kX) state_.x.add(time.index());
    branch(operands_[0]);
    state_ = after;
    raise();
  }

  void select(const GenericInstruction& instruction) {
    read(operands_[0]);
    branch(operands_[1]);
    const auto items = code_.list_of(instruction);
    for (size_t i = 1; i < items.size(); i += 2) branch(items[i]);
    alive_ = false;
  }

  void step(const GenericInstruction& instruction);
  void step_call(const GenericInstruction& instruction);
  void step_stack(const GenericInstruction& instruction);
  void step_by_signature(const GenericInstruction& instruction);
  void read_by_letter(const GenericInstruction& instruction, char letter, const Operand& operand);

  const BeamFile& file_;
  const GenericCode& code_;
  const LabelTable& labels_;
  const GenericFunction& function_;

  std::vector<Point> points_;      // in the order of the code
  std::vector<uint32_t> pending_;  // heap of indices into points_, the first in the code on top
  CatchStacks stacks_;
  FlowFault fault_;
  bool clear_frames_ = false;

  FlowState state_;
  bool alive_ = true;
  uint32_t current_ = 0;
  std::span<const Operand> operands_;
};

// Calls and what leaves the function.
void FlowVerifier::step_call(const GenericInstruction& instruction) {
  switch (instruction.op) {
    case GenericOp::call_2:
      call_local(operands_[1], operands_[0].index());
      return call(operands_[0].index());
    case GenericOp::call_only_2:
      call_local(operands_[1], operands_[0].index());
      return tail_call(operands_[0].index(), nullptr);
    case GenericOp::call_last_3:
      call_local(operands_[1], operands_[0].index());
      return tail_call(operands_[0].index(), &operands_[2]);
    case GenericOp::call_ext_2:
      call(operands_[0].index());
      if (never_returns(file_, operands_[1])) alive_ = false;
      return;
    case GenericOp::call_ext_only_2:
    case GenericOp::call_ext_last_3:
      if (never_returns(file_, operands_[1])) {
        collect(operands_[0].index());
        return raise_and_stop();
      }
      return tail_call(operands_[0].index(), instruction.count == 3 ? &operands_[2] : nullptr);
    case GenericOp::call_fun_1:
      return call(operands_[0].index() + 1);
    case GenericOp::call_fun2_3:
      read(operands_[2]);
      return call(operands_[1].index());
    case GenericOp::apply_1:
      return call(operands_[0].index() + 2);
    case GenericOp::apply_last_2:
      return tail_call(operands_[0].index() + 2, &operands_[1]);
    case GenericOp::send_0:
      return call(2);
    case GenericOp::raw_raise_0:
      return call(3);
    case GenericOp::bs_init_writable_0:
      return call(1);
    case GenericOp::return_0:
      require(state_.decided && state_.frame == FlowState::kNoFrame, "returns with a frame");
      require(state_.x.has(0), "returns nothing in x(0)");
      alive_ = false;
      return;
    case GenericOp::func_info_3:
      require(state_.decided && state_.frame == FlowState::kNoFrame,
              "a function clause error with a frame");
      collect(function_.arity);
      return raise_and_stop();
    case GenericOp::badmatch_1:
    case GenericOp::case_end_1:
    case GenericOp::try_case_end_1:
    case GenericOp::badrecord_1:
      read(operands_[0]);
      return raise_and_stop();
    case GenericOp::if_end_0:
      return raise_and_stop();
    case GenericOp::raise_2:
      read(operands_[0]);
      read(operands_[1]);
      return raise_and_stop();
    default:
      return step_stack(instruction);
  }
}

// The frame, catches and receive.
void FlowVerifier::step_stack(const GenericInstruction& instruction) {
  switch (instruction.op) {
    case GenericOp::allocate_2:
    case GenericOp::allocate_zero_2:
      return allocate(operands_[0].index(), operands_[1].index(), {},
                      instruction.op == GenericOp::allocate_zero_2);
    case GenericOp::allocate_heap_3:
    case GenericOp::allocate_heap_zero_3:
      return allocate(operands_[0].index(), operands_[2].index(), code_.allocation(operands_[1]),
                      instruction.op == GenericOp::allocate_heap_zero_3);
    case GenericOp::deallocate_1:
      return deallocate(operands_[0].index());
    case GenericOp::trim_2:
      return trim(operands_[0].number(), operands_[1].number());
    case GenericOp::init_1:
      return write(operands_[0]);
    case GenericOp::init_yregs_1:
      return write_list(instruction, 0, 1);
    case GenericOp::catch_2:
    case GenericOp::try_2:
      return start_catch(operands_[0], operands_[1], instruction.op == GenericOp::try_2);
    case GenericOp::catch_end_1:
      require(state_.x.has(0), "nothing in x(0) at catch_end");
      return end_catch(operands_[0], false);
    case GenericOp::try_end_1:
      return end_catch(operands_[0], true);
    case GenericOp::try_case_1:
      end_catch(operands_[0], true);
      return collect(kExceptionRegisters);
    case GenericOp::build_stacktrace_0:
      return collect(1);
    case GenericOp::wait_1:
    case GenericOp::loop_rec_end_1:
      require(state_.y_initialized(), "an uninitialised y register where the process may wait");
      branch(operands_[0]);
      alive_ = false;
      return;
    case GenericOp::wait_timeout_2:
      return wait_timeout();
    case GenericOp::timeout_0:
      state_.x.clear();
      return;
    case GenericOp::jump_1:
      if (!labels_.try_handler[operands_[0].index()]) branch(operands_[0]);
      alive_ = false;
      return;
    case GenericOp::select_val_3:
    case GenericOp::select_tuple_arity_3:
      return select(instruction);
    default:
      return step_by_signature(instruction);
  }
}

void FlowVerifier::step(const GenericInstruction& instruction) {
  switch (instruction.op) {
    case GenericOp::line_1:
    case GenericOp::executable_line_2:
    case GenericOp::debug_line_4:
    case GenericOp::nif_start_0:
    case GenericOp::on_load_0:
    case GenericOp::recv_mark_1:  // their labels name a receive, they do not jump
    case GenericOp::recv_set_1:
      return;
    case GenericOp::bs_match_3:
      return match_bits(instruction);
    case GenericOp::swap_2:
      read(operands_[0]);
      return read(operands_[1]);
    case GenericOp::put_list_3:
      use_heap(&Allocation::words, 2);
      break;
    case GenericOp::put_tuple2_2:
      use_heap(&Allocation::words, operands_[1].number() + 1);
      break;
    case GenericOp::update_record_5:
      use_heap(&Allocation::words, operands_[1].number() + 1);
      break;
    case GenericOp::fmove_2:
      if (operands_[0].kind == Kind::kFloatRegister) use_heap(&Allocation::floats, 1);
      break;
    case GenericOp::make_fun3_3:
      use_heap(&Allocation::funs, 1);
      break;
    case GenericOp::make_fun2_1:  // reserves its heap itself
      collect(file_.lambdas[operands_[0].index()].num_free);
      state_.x.add(0);
      return;
    default:
      return step_call(instruction);
  }
  if (alive_) step_by_signature(instruction);
}

void FlowVerifier::read_by_letter(const GenericInstruction& instruction, char letter,
                                  const Operand& operand) {
  switch (letter) {
    case 's':
    case 'z':
    case 'r':
      return read(operand);
    case 't':
      if (&operand == &operands_[0]) read(operand);
      return;
    case 'P':
    case 'K':
    case 'E':
    case 'N':
      return read_list(instruction, 0, 1);
    case 'R':
    case 'Z':
      return read_list(instruction, 1, 2);
    case 'G':
      return read_list(instruction, 0, 2);
    case 'B':
      read_list(instruction, 4, kCreateBinSegment);
      return read_list(instruction, 5, kCreateBinSegment);
    default:
      return;
  }
}

// Reads, may collect, may fail, writes: what the letters of most instructions say.
void FlowVerifier::step_by_signature(const GenericInstruction& instruction) {
  const std::string_view signature = generic_op_info(instruction.op).signature;
  for (size_t i = 0; i < signature.size(); ++i) {
    read_by_letter(instruction, signature[i], operands_[i]);
  }

  const bool fails_after_collecting =
      instruction.op == GenericOp::gc_bif1_5 || instruction.op == GenericOp::gc_bif2_6 ||
      instruction.op == GenericOp::gc_bif3_7 || instruction.op == GenericOp::bs_create_bin_6;
  const FlowState before = state_;
  const size_t live = signature.find('v');
  if (live != std::string_view::npos) {
    collect(operands_[live].index());
    const size_t heap = signature.find('h');
    if (heap != std::string_view::npos) state_.heap = code_.allocation(operands_[heap]);
  }
  if (!alive_) return;

  if (!signature.empty() && std::string_view("fjx").find(signature[0]) != std::string_view::npos) {
    FlowState after = state_;
    if (!fails_after_collecting) state_ = before;
    if (operands_[0].kind == Kind::kLabel) {
      branch(operands_[0]);
    } else if (live == std::string_view::npos) {
      raise_from_bif();
    } else if (signature[0] == 'j') {
      raise();
    }
    state_ = std::move(after);
  }

  for (size_t i = 0; i < signature.size() && alive_; ++i) {
    if (signature[i] == 'd') write(operands_[i]);
    if (signature[i] == 't' && i == 1) write(operands_[i]);
    if (signature[i] == 'G' || signature[i] == 'Q') write_list(instruction, 1, 2);
  }
}

}  // namespace

FlowResult follow_flow(const BeamFile& file, const LabelTable& labels,
                       const GenericFunction& function) {
  return FlowVerifier(file, labels, function).run();
}

}  // namespace joist
