#include "loader/control_flow.h"

namespace joist {

bool never_returns(const BeamFile& file, const Operand& import) {
  const ImportEntry& entry = file.imports[import.index()];
  if (file.atoms[entry.module] != "erlang") return false;
  const std::string_view name = file.atoms[entry.function];
  return (entry.arity == 1 && (name == "error" || name == "exit" || name == "throw")) ||
         (entry.arity == 2 && name == "error");
}

bool ends_path(const BeamFile& file, const GenericCode& code,
               const GenericInstruction& instruction) {
  switch (instruction.op) {
    case GenericOp::call_ext_2:
      return never_returns(file, code.operand(instruction, 1));
    case GenericOp::func_info_3:
    case GenericOp::int_code_end_0:
    case GenericOp::call_only_2:
    case GenericOp::call_last_3:
    case GenericOp::call_ext_only_2:
    case GenericOp::call_ext_last_3:
    case GenericOp::apply_last_2:
    case GenericOp::return_0:
    case GenericOp::jump_1:
    case GenericOp::select_val_3:
    case GenericOp::select_tuple_arity_3:
    case GenericOp::badmatch_1:
    case GenericOp::case_end_1:
    case GenericOp::if_end_0:
    case GenericOp::try_case_end_1:
    case GenericOp::badrecord_1:
    case GenericOp::raise_2:
    case GenericOp::wait_1:
    case GenericOp::loop_rec_end_1:
      return true;
    default:
      return false;
  }
}

namespace {

// A walk from the last instruction to the first that knows whether a try continues at the place.
class TryScan {
 public:
  bool is_handler() const { return is_handler_; }
  void pass(const GenericInstruction& instruction) {
    if (!marks_position(instruction.op)) is_handler_ = instruction.op == GenericOp::try_case_1;
  }

 private:
  bool is_handler_ = false;
};

}  // namespace

OwnLabels::OwnLabels(std::span<const GenericInstruction> instructions,
                     std::span<const Operand> operands) {
  uint32_t least = UINT32_MAX;
  uint32_t greatest = 0;
  for (const GenericInstruction& instruction : instructions) {
    if (instruction.op != GenericOp::label_1) continue;
    const uint32_t label = operands[instruction.first].index();
    least = std::min(least, label);
    greatest = std::max(greatest, label);
  }
  if (least > greatest) return;
  first_ = least;
  count_ = greatest - least + 1;
}

std::vector<bool> find_try_handlers(std::span<const GenericInstruction> instructions,
                                    std::span<const Operand> operands, const OwnLabels& labels) {
  std::vector<bool> handlers(labels.size());
  TryScan scan;
  for (size_t i = instructions.size(); i-- > 0;) {
    const GenericInstruction& instruction = instructions[i];
    if (instruction.op == GenericOp::label_1) {
      if (scan.is_handler()) handlers[labels.index(operands[instruction.first].index())] = true;
    } else {
      scan.pass(instruction);
    }
  }
  return handlers;
}

uint32_t LabelTable::add(const GenericCode& code, const GenericFunction& function) {
  const auto number = static_cast<uint32_t>(counts.size());
  uint32_t behind = 0;
  TryScan scan;
  for (uint32_t i = function.end; i-- > function.begin;) {
    const GenericInstruction& instruction = code.instructions[i];
    if (instruction.op == GenericOp::label_1) {
      const uint32_t label = code.operands[instruction.first].index();
      if (owner[label] != kNoIndex) return i;
      owner[label] = number;
      ordinal[label] = behind++;
      if (scan.is_handler()) try_handler[label] = true;
    } else {
      scan.pass(instruction);
    }
  }
  counts.push_back(behind);
  return kNoIndex;
}

}  // namespace joist
