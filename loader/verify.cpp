#include "loader/verify.h"

#include "loader/control_flow.h"
#include "loader/verify_flow.h"
#include "loader/verify_operands.h"

namespace joist {

namespace {

constexpr size_t kFreePerOperand = 16;

class Verifier {
 public:
  explicit Verifier(BeamFile& file) : file_(file), code_(file.code) {}

  Result<void> run() {
    JOIST_TRY(check_header());
    JOIST_TRY(check_operands());
    JOIST_TRY(check_make_fun2());
    JOIST_TRY(check_labels());
    JOIST_TRY(check_functions());
    JOIST_TRY(check_entries(file_.exports, "export"));
    JOIST_TRY(check_entries(file_.locals, "local function"));
    JOIST_TRY(check_lambdas());
    code_.clear_x.clear();
    code_.dead_labels.clear();
    for (GenericFunction& function : code_.functions) {
      const FlowResult flow = follow_flow(file_, labels_, function);
      if (flow.fault.found()) return error_at(flow.fault.instruction, flow.fault.what);
      function.clear_frames = flow.clear_frames;
      code_.dead_labels.insert(code_.dead_labels.end(), flow.dead_labels.begin(),
                               flow.dead_labels.end());
      code_.clear_x.insert(code_.clear_x.end(), flow.clear_x.begin(), flow.clear_x.end());
    }
    return {};
  }

 private:
  Result<void> check_header() const {
    if (file_.max_opcode > kMaxGenericOp) {
      return in_module(
          make_error("compiled for a later OTP release: it uses opcode %u", file_.max_opcode));
    }
    if (file_.function_count != code_.functions.size()) {
      return in_module(make_error("the header counts another number of functions than %zu",
                                  code_.functions.size()));
    }
    return {};
  }

  Result<void> check_operands() const {
    for (uint32_t i = 0; i < code_.instructions.size(); ++i) {
      const GenericInstruction& instruction = code_.instructions[i];
      if (generic_op_info(instruction.op).obsolete == kOldestRelease) {
        return error_at(i, "an instruction of an OTP release that is too old");
      }
      const auto fault = find_operand_fault(file_, instruction);
      if (!fault) continue;
      const Error what = make_error("operand %u is not: %s", fault->position, fault->expected);
      return error_at(i, what.text.c_str());
    }
    return {};
  }

  // The old make_fun2 names its free variables by number only. Their total is bounded by what code
  // that has them in registers can be, as transform() writes them out.
  Result<void> check_make_fun2() const {
    size_t total = 0;
    for (uint32_t i = 0; i < code_.instructions.size(); ++i) {
      const GenericInstruction& instruction = code_.instructions[i];
      if (instruction.op != GenericOp::make_fun2_1) continue;
      total += file_.lambdas[code_.operand(instruction, 0).index()].num_free;
      if (total > code_.operands.size() * kFreePerOperand + kMaxArity) {
        return error_at(i, "more free variables than registers were set");
      }
    }
    return {};
  }

  Result<void> check_labels() {
    labels_ = find_labels(code_, file_.label_count);
    for (uint32_t i = 0; i < code_.instructions.size(); ++i) {
      const GenericInstruction& instruction = code_.instructions[i];
      if (instruction.op != GenericOp::label_1) continue;
      const bool once = labels_.instruction[code_.operand(instruction, 0).index()] == i;
      if (!once) return error_at(i, "this label is defined a second time");
    }
    return {};
  }

  Result<void> check_functions() const {
    uint32_t function = 0;
    for (uint32_t i = 0; i + 1 < code_.instructions.size(); ++i) {
      const GenericInstruction& instruction = code_.instructions[i];
      if (instruction.op != GenericOp::func_info_3) continue;
      if (function == code_.functions.size() || code_.functions[function].entry != i + 1) {
        return error_at(i, "func_info inside a function");
      }
      ++function;
    }
    return {};
  }

  Result<void> check_entries(const std::vector<FunctionEntry>& entries, const char* what) const {
    for (size_t i = 0; i < entries.size(); ++i) {
      const FunctionEntry& entry = entries[i];
      const GenericFunction* function = function_at(entry.label);
      if (function == nullptr || function->arity != entry.arity ||
          file_.atoms[function->name] != file_.atoms[entry.function]) {
        return in_module(make_error("%s %zu is not a function of the code", what, i));
      }
    }
    return {};
  }

  Result<void> check_lambdas() const {
    for (size_t i = 0; i < file_.lambdas.size(); ++i) {
      const GenericFunction* function = function_at(file_.lambdas[i].label);
      if (function == nullptr || function->arity != file_.lambdas[i].arity) {
        return in_module(make_error("lambda %zu is not a function of the code", i));
      }
    }
    return {};
  }

  const GenericFunction* function_at(uint32_t label) const {
    if (label >= file_.label_count || labels_.function[label] == kNoIndex) return nullptr;
    return &code_.functions[labels_.function[label]];
  }

  Error in_module(const Error& error) const {
    const std::string_view module = file_.module_name();
    return make_error("module %.*s: %s", static_cast<int>(module.size()), module.data(),
                      error.text.c_str());
  }

  Error error_at(uint32_t index, const char* what) const {
    const char* op = generic_op_info(code_.instructions[index].op).name;
    for (const GenericFunction& function : code_.functions) {
      if (index < function.begin || index >= function.end) continue;
      const std::string_view name = file_.atoms[function.name];
      return in_module(make_error("function %.*s/%u: instruction %u (%s): %s",
                                  static_cast<int>(name.size()), name.data(), function.arity,
                                  index - function.begin, op, what));
    }
    return in_module(make_error("instruction %u (%s): %s", index, op, what));
  }

  const BeamFile& file_;
  GenericCode& code_;
  LabelTable labels_;
};

}  // namespace

Result<void> verify(BeamFile& file) { return Verifier(file).run(); }

}  // namespace joist
