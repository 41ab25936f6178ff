// What the functions of a loaded module are prepared from, each when it is first called: the bytes
// of its code, which were checked when it was loaded, and what their operands stand for.
//
//   bytes of a function -> FunctionReader -> transform -> Specialiser, Emitter -> PreparedFunction
#pragma once

#include <unordered_map>

#include "loader/specialise.h"
#include "loader/verify.h"

namespace joist {

// An integer that is no small: the module has a literal for it.
inline bool is_wide_integer(const Operand& operand) {
  return operand.kind == OperandKind::kInteger && !Term::fits_small(operand.value);
}

class ModuleSource final : public CodeSource {
 public:
  // What has to be known to put the module together, and not any longer.
  struct Checked {
    explicit Checked(const BeamFile& file) : verifier(file) {}
    Verifier verifier;
    std::vector<ByteSpan> big_integers;
    std::vector<int64_t> wide_integers;  // of 64 bits, those that fit no small
    uint32_t on_load = kNoFunction;
  };

  ModuleSource(const HandlerTable& handlers, bool counting)
      : handlers_(handlers), counting_(counting) {}

  // Copies the code of the file and checks it.
  Result<void> check(const BeamFile& file, Checked& checked);
  // Keeps what is needed of the file. Its views are not to be used any more.
  void keep(BeamFile file, ModuleTerms terms);

  size_t code_size() const { return code_.size(); }

  PreparedFunction prepare(uint32_t function) const override;
  size_t bytes() const override;

 private:
  // What few functions have.
  struct Remarks {
    bool clear_frames = false;
    uint32_t first_big_integer = 0;
    std::vector<ClearX> clear_x;
    std::vector<uint32_t> dead_labels;
  };
  struct EntryLabel {
    uint32_t label;
    uint32_t function;
  };

  Result<void> check_function(GenericCode& code, Checked& checked, uint32_t number);
  GenericCode read(uint32_t function) const;
  uint32_t function_of(uint32_t label) const;

  const HandlerTable& handlers_;
  const bool counting_;
  std::vector<uint8_t> code_;
  std::vector<uint32_t> begins_;                   // of each function in the code; then the end
  std::vector<EntryLabel> entry_labels_;           // ascending
  std::unordered_map<uint32_t, Remarks> remarks_;  // by function
  BeamFile file_;
  ModuleTerms terms_;
};

}  // namespace joist
