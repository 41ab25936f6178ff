// Which instructions end a path of control.
#pragma once

#include <algorithm>

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

// The labels that are defined in a piece of code, mostly a function. Compilers number them in a
// row, so that what is kept by label needs little more room than the piece has labels, of however
// many the module has. All labels that are defined elsewhere share one index.
class OwnLabels {
 public:
  OwnLabels(std::span<const GenericInstruction> instructions, std::span<const Operand> operands);

  // Indices are below it.
  size_t size() const { return size_t{count_} + 1; }
  size_t index(uint32_t label) const { return std::min(label - first_, count_); }

 private:
  uint32_t first_ = 0;
  uint32_t count_ = 0;  // from the least to the greatest
};

// By index of the label: whether it is where a try resumes after an exception, that is, whether the
// next instruction that does something is try_case.
std::vector<bool> find_try_handlers(std::span<const GenericInstruction> instructions,
                                    std::span<const Operand> operands, const OwnLabels& labels);

}  // namespace joist
