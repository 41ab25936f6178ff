// Checks the code of a BeamFile, so that the back end and the interpreter may rely on it without
// looking again: operand kinds, register, atom, literal, import, lambda, label and string
// indices, labels defined once, functions well formed, list shapes, frame sizes and live counts
// by following the control flow.
//
// It never refuses code that a compiler of OTP 25 to 29 writes. Types claimed by the Type chunk
// are not verified.
//
// Errors name the module, the function, the instruction's index in it and what is wrong.
#pragma once

#include "loader/control_flow.h"
#include "loader/verify_flow.h"
#include "loader/verify_operands.h"

namespace joist {

// Takes the functions of a file one by one: check_release(), check() for each, finish().
class Verifier {
 public:
  // Needs the tables of the file.
  explicit Verifier(const BeamFile& file);

  Result<void> check_release() const;
  // The next function, with its instructions. Sets what they need to be safe (clear_frames,
  // clear_x, dead_labels).
  Result<void> check(GenericCode& code, GenericFunction& function);
  // What only all functions together show.
  Result<void> finish() const;

  // Of check(), for functions in the order of the file.
  const std::vector<GenericFunction>& functions() const { return functions_; }
  // The number of the function with that entry label, or kNoIndex.
  uint32_t function_of(uint32_t label) const;

 private:
  struct Place {
    uint32_t function;
    uint32_t instruction;  // of the function
    GenericOp op;
  };
  struct CheckedCall {
    Place place;
    uint32_t label;
    uint32_t arity;
  };

  Place place_of(const GenericCode& code, const GenericFunction& function, uint32_t index) const {
    const auto number = static_cast<uint32_t>(functions_.size() - 1);
    return {number, index - function.begin, code.instructions[index].op};
  }
  Result<void> check_operands(const GenericCode& code, const GenericFunction& function);
  Result<void> check_entries(const std::vector<FunctionEntry>& entries, const char* what) const;
  Result<void> check_lambdas() const;
  const GenericFunction* function_at(uint32_t label) const;
  Error in_module(const Error& error) const;
  Error error_at(const Place& place, const char* what) const;

  const BeamFile& file_;
  const OperandRules rules_;
  LabelTable labels_;
  std::vector<GenericFunction> functions_;
  std::vector<CheckedCall> calls_;
  std::vector<LocalCall> flow_calls_;  // of the function at hand
  FlowScratch scratch_;
  size_t operands_ = 0;
  size_t free_variables_ = 0;  // of all make_fun2
  Place last_make_fun2_ = {};
};

// Verifies file.code.
Result<void> verify(BeamFile& file);

}  // namespace joist
