// The first half of verification: are the operands of one instruction of the kinds and in the
// ranges that its signature (vm/code/genops.def) asks for? Knows nothing of other instructions,
// except that labels and lists refer to tables of the file.
#pragma once

#include <optional>

#include "loader/beam_file.h"

namespace joist {

struct OperandFault {
  uint32_t position;  // of the operand, list items counted on
  const char* expected;
};

// The first operand of `instruction` that is not what it must be.
std::optional<OperandFault> find_operand_fault(const BeamFile& file, const GenericCode& code,
                                               const GenericInstruction& instruction);

// Finds the few instructions of a file that need such a look: most operands are known to be sound
// by their kind and number.
class OperandRules {
 public:
  explicit OperandRules(const BeamFile& file);
  // The first instruction from `begin` on that is to be looked at; `end`: there is none.
  uint32_t find_doubtful(const GenericCode& code, uint32_t begin, uint32_t end) const;

 private:
  struct Rule {
    uint32_t admitted = 0;  // bits of kinds
    uint64_t least = 0;     // of unsigned numbers, beside them
    uint64_t count = 0;
  };

  bool is_plain(const GenericCode& code, const GenericInstruction& instruction) const;

  Rule rules_[256];  // by letter
  bool plain_[kGenericOpCount];
};

// One command of the list of bs_match, decoded.
struct BsMatchCommand {
  enum class Kind { kEnsureAtLeast, kEnsureExactly, kBinary, kInteger, kSkip, kGetTail, kEqual };
  Kind kind;
  std::span<const Operand> arguments;  // what follows the command's name

  // Number of live x registers where the command may need heap, or nullptr.
  const Operand* live() const;
  // Where the command stores its result, or nullptr.
  const Operand* destination() const;
};

// Takes the next command off `items`; nothing if the list is malformed there.
std::optional<BsMatchCommand> take_bs_match_command(const BeamFile& file,
                                                    std::span<const Operand>& items);

inline constexpr size_t kCreateBinSegment = 6;  // type, segment, unit, flags, value, size

}  // namespace joist
