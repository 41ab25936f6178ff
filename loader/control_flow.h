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

// Where labels are, by label number. Functions are added in the order of their numbers.
struct LabelTable {
  explicit LabelTable(uint32_t label_count)
      : ordinal(label_count, 0), owner(label_count, kNoIndex), try_handler(label_count, false) {}

  // Enters the labels of a function; kNoIndex, or the index of an instruction that defines a label
  // for the second time. Needs operands that were checked.
  uint32_t add(const GenericCode& code, const GenericFunction& function);

  std::vector<uint32_t> ordinal;  // how many labels of its function are behind it
  std::vector<uint32_t> owner;    // number of the function that it is in, or kNoIndex
  std::vector<bool> try_handler;  // see find_try_handlers()
  std::vector<uint32_t> counts;   // by number of the function: how many labels it has
};

// By label number: whether it is where a try resumes after an exception, that is, whether the next
// instruction that does something is try_case.
void find_try_handlers(std::span<const GenericInstruction> instructions,
                       std::span<const Operand> operands, std::vector<bool>& handlers);

}  // namespace joist
