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

std::vector<bool> find_try_handlers(std::span<const GenericInstruction> instructions,
                                    std::span<const Operand> operands, uint32_t label_count) {
  std::vector<bool> handlers(label_count, false);
  bool before_try_case = false;
  for (size_t i = instructions.size(); i-- > 0;) {
    const GenericInstruction& instruction = instructions[i];
    if (instruction.op == GenericOp::label_1) {
      const uint64_t label = operands[instruction.first].number();
      if (before_try_case && label < label_count) handlers[label] = true;
    } else if (!marks_position(instruction.op)) {
      before_try_case = instruction.op == GenericOp::try_case_1;
    }
  }
  return handlers;
}

LabelTable find_labels(const GenericCode& code, uint32_t label_count) {
  LabelTable labels;
  labels.instruction.assign(label_count, kNoIndex);
  labels.function.assign(label_count, kNoIndex);
  labels.try_handler = find_try_handlers(code.instructions, code.operands, label_count);
  for (uint32_t i = 0; i < code.instructions.size(); ++i) {
    const GenericInstruction& instruction = code.instructions[i];
    if (instruction.op != GenericOp::label_1) continue;
    labels.instruction[code.operand(instruction, 0).index()] = i;
  }
  for (uint32_t i = 0; i < code.functions.size(); ++i) {
    labels.function[code.functions[i].entry_label] = i;
  }
  return labels;
}

}  // namespace joist
