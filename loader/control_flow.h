// Which instructions end a path of control.
#pragma once

#include "loader/beam_file.h"

namespace joist {

// Whether the import is a function of the erlang module that never returns. Compilers know these:
// they let code behind such a call be of any kind, and frame sizes in it be wrong.
bool never_returns(const BeamFile& file, const Operand& import);

// Whether the instruction only says where in the source the code comes from.
inline bool marks_position(GenericOp op) {
  return op == GenericOp::line_1 || op == GenericOp::executable_line_2 ||
         op == GenericOp::debug_line_4;
}

// Whether control cannot go on to the instruction after this one.
bool ends_path(const BeamFile& file, const GenericCode& code,
               const GenericInstruction& instruction);

inline constexpr uint32_t kNoIndex = UINT32_MAX;

// Where labels are, by label number.
struct LabelTable {
  std::vector<uint32_t> instruction;  // index of its label instruction, or kNoIndex
  std::vector<uint32_t> function;     // function whose entry label it is, or kNoIndex
  std::vector<bool> try_handler;      // see find_try_handlers()
};

// Needs operands that were checked. Of labels defined twice, the last counts.
LabelTable find_labels(const GenericCode& code, uint32_t label_count);

// By label number: whether it is where a try resumes after an exception, that is, whether the next
// instruction that does something is try_case.
std::vector<bool> find_try_handlers(std::span<const GenericInstruction> instructions,
                                    std::span<const Operand> operands, uint32_t label_count);

}  // namespace joist
