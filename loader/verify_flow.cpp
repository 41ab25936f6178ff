#include "loader/verify_flow.h"

#include <bit>
#include <optional>

#include "loader/flow_machine.h"
#include "loader/verify_operands.h"

namespace joist {

namespace {

using Kind = OperandKind;

// Bounds the work that one function may cost: what compilers write needs two visits on average.
constexpr size_t kVisitsPerInstruction = 64;
constexpr int kMaxAttempts = 16;

// What each instruction does to the machine.
class FlowVerifier : public FlowMachine {
 public:
  FlowVerifier(const BeamFile& file, const GenericCode& code, const LabelTable& labels,
               const GenericFunction& function, uint32_t number, const FlowRepairs& repairs,
               FlowScratch& scratch, std::vector<LocalCall>* calls)
      : FlowMachine(file, code, labels, function, number, repairs, scratch), calls_(calls) {}

  FlowResult run() {
    budget_ = (function_.end - function_.begin) * kVisitsPerInstruction;
    if (start()) {
      while (resume()) run_path();
    }
    FlowResult result{fault(), clear_frames_, {}, dead_labels()};
    for (const auto& [instruction, x] : cleared_x_) result.clear_x.push_back({instruction, x});
    return result;
  }

 private:
  // Follows the code from a label to the next one or to the end of the path.
  void run_path() {
    bool acted = false;
    for (++current_; alive_; ++current_) {
      if (current_ == function_.end) return fail("control runs off the end of the function");
      if (budget_-- == 0) return fail("the function is too complex to verify");
      const GenericInstruction& instruction = code_.instructions[current_];
      operands_ = code_.operands_of(instruction);
      if (instruction.op == GenericOp::label_1) {
        // Compilers let control run or jump into a try handler only behind a call that never
        // returns, and transform() puts an error there.
        if (!acted || !labels_.try_handler[operands_[0].index()])
          run_into_label(operands_[0].index());
        return;
      }
      acted |= !marks_position(instruction.op);
      remember_x();
      step(instruction);
    }
  }

  void call_local(const Operand& label, uint32_t arity) {
    if (calls_ != nullptr) calls_->push_back({current_, label.index(), arity});
  }

  void match_bits(const GenericInstruction& instruction) {
    read(operands_[1]);
    require_initialized_y("an uninitialised y register where heap may be collected");
    branch(operands_[0]);
    auto items = code_.list_of(instruction);
    while (alive_ && !items.empty()) {
      const auto command = take_bs_match_command(file_, items);
      if (const Operand* live = command->live()) {
        require_live(live->index());
        state_.x.keep_below(live->index());
        state_.heap = {};
      }
      if (const Operand* destination = command->destination()) write(*destination);
    }
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

  void read_list(const GenericInstruction& instruction, size_t first, size_t stride) {
    const auto items = code_.list_of(instruction);
    for (size_t i = first; i < items.size(); i += stride) read(items[i]);
  }

  void write_list(const GenericInstruction& instruction, size_t first, size_t stride) {
    const auto items = code_.list_of(instruction);
    for (size_t i = first; i < items.size(); i += stride) write(items[i]);
  }

  void step(const GenericInstruction& instruction);
  void step_call(const GenericInstruction& instruction);
  void step_stack(const GenericInstruction& instruction);
  void step_by_signature(const GenericInstruction& instruction);
  void collect_by_signature(const GenericOpInfo& info, GenericOp op);
  void fail_by_signature(const GenericOpInfo& info);
  void read_by_letter(const GenericInstruction& instruction, char letter, const Operand& operand);
  void write_by_letter(const GenericInstruction& instruction, char letter, const Operand& operand);

  std::vector<LocalCall>* calls_;
  size_t budget_ = 0;
  std::span<const Operand> operands_;  // of the current instruction
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
    case GenericOp::call_ext_only_2:
    case GenericOp::call_ext_last_3:
      if (never_returns(file_, operands_[1])) {
        collect(operands_[0].index());
        return raise_and_stop();
      }
      if (instruction.op == GenericOp::call_ext_2) return call(operands_[0].index());
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
      require_initialized_y("an uninitialised y register where the process may wait");
      branch(operands_[0]);
      alive_ = false;
      return;
    case GenericOp::wait_timeout_2:
      return wait_timeout();
    case GenericOp::timeout_0:
      state_.x.clear();
      return;
    case GenericOp::jump_1:
      if (!is_own(operands_[0].index()) || !labels_.try_handler[operands_[0].index()]) {
        branch(operands_[0]);
      }
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
    case 't':
      return read(operand);
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

void FlowVerifier::write_by_letter(const GenericInstruction& instruction, char letter,
                                   const Operand& operand) {
  if (letter == 'G' || letter == 'Q') return write_list(instruction, 1, 2);
  write(operand);
}

// The branch or exception of an instruction that may fail.
void FlowVerifier::fail_by_signature(const GenericOpInfo& info) {
  if (operands_[0].kind == Kind::kLabel) {
    branch(operands_[0]);
  } else if (info.live == kNoOperand) {
    raise_from_bif();
  } else if (info.signature[0] == 'j') {
    raise();
  }
}

// Collects, and may fail.
void FlowVerifier::collect_by_signature(const GenericOpInfo& info, GenericOp op) {
  const bool fails_before = info.may_fail && op != GenericOp::gc_bif1_5 &&
                            op != GenericOp::gc_bif2_6 && op != GenericOp::gc_bif3_7 &&
                            op != GenericOp::bs_create_bin_6;
  std::optional<FlowState> before;
  if (fails_before) before = state_;
  collect(operands_[info.live].index());
  if (info.heap != kNoOperand) state_.heap = code_.allocation(operands_[info.heap]);
  if (!alive_ || !info.may_fail) return;
  const FlowState after = state_;
  if (before) state_ = *before;
  fail_by_signature(info);
  state_ = after;
}

// Reads, may collect, may fail, writes: what the letters of most instructions say.
void FlowVerifier::step_by_signature(const GenericInstruction& instruction) {
  const GenericOpInfo& info = generic_op_info(instruction.op);
  for (unsigned left = info.reads; left != 0; left &= left - 1) {
    const int position = std::countr_zero(left);
    read_by_letter(instruction, info.signature[position], operands_[position]);
  }

  if (info.live == kNoOperand) {
    if (info.may_fail && alive_) fail_by_signature(info);
  } else {
    collect_by_signature(info, instruction.op);
    if (!alive_) return;
  }

  for (unsigned left = info.writes; left != 0 && alive_; left &= left - 1) {
    const int position = std::countr_zero(left);
    write_by_letter(instruction, info.signature[position], operands_[position]);
  }
}

}  // namespace

FlowResult follow_flow(const BeamFile& file, const GenericCode& code, const LabelTable& labels,
                       const GenericFunction& function, uint32_t number,
                       std::vector<LocalCall>* calls, FlowScratch& scratch) {
  FlowRepairs repairs;
  FlowFault first;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    FlowVerifier verifier(file, code, labels, function, number, repairs, scratch, calls);
    FlowResult result = verifier.run();
    if (!result.fault.found()) return result;
    if (attempt == 0) first = result.fault;
    if (verifier.empty_x() != kNoIndex && !repairs.clears(verifier.empty_x())) {
      repairs.x.push_back(verifier.empty_x());
    } else if (verifier.empty_y() && !repairs.clear_frames) {
      repairs.clear_frames = true;
    } else {
      break;
    }
  }
  return {first, false, {}, {}};
}

}  // namespace joist
