#include "loader/verify.h"

#include "loader/verify_operands.h"

namespace joist {

namespace {

constexpr size_t kFreePerOperand = 16;

}  // namespace

Verifier::Verifier(const BeamFile& file) : file_(file), rules_(file), labels_(file.label_count) {}

Result<void> Verifier::check(GenericCode& code, GenericFunction& function) {
  const auto number = static_cast<uint32_t>(functions_.size());
  functions_.push_back(function);
  JOIST_TRY(check_operands(code, function));
  if (const uint32_t again = labels_.add(code, function); again != kNoIndex) {
    return error_at({number, again - function.begin, code.instructions[again].op},
                    "this label is defined a second time");
  }
  const FlowResult flow =
      follow_flow(file_, code, labels_, function, number, &flow_calls_, scratch_);
  if (flow.fault.found()) {
    return error_at(place_of(code, function, flow.fault.instruction), flow.fault.what);
  }
  for (const LocalCall& call : flow_calls_) {
    calls_.push_back({place_of(code, function, call.instruction), call.label, call.arity});
  }
  flow_calls_.clear();
  function.clear_frames = flow.clear_frames;
  code.dead_labels.insert(code.dead_labels.end(), flow.dead_labels.begin(), flow.dead_labels.end());
  code.clear_x.insert(code.clear_x.end(), flow.clear_x.begin(), flow.clear_x.end());
  return {};
}

Result<void> Verifier::finish() const {
  if (file_.function_count != functions_.size()) {
    return in_module(
        make_error("the header counts another number of functions than %zu", functions_.size()));
  }
  for (const CheckedCall& call : calls_) {
    const GenericFunction* function = function_at(call.label);
    if (function == nullptr || function->arity != call.arity) {
      return error_at(call.place, "calls a label that is no function of that arity");
    }
  }
  // The old make_fun2 names its free variables by number only. Their total is bounded by what code
  // that has them in registers can be, as transform() writes them out.
  if (free_variables_ > operands_ * kFreePerOperand + kMaxArity) {
    return error_at(last_make_fun2_, "more free variables than registers were set");
  }
  JOIST_TRY(check_entries(file_.exports, "export"));
  JOIST_TRY(check_entries(file_.locals, "local function"));
  return check_lambdas();
}

Result<void> Verifier::check_operands(const GenericCode& code, const GenericFunction& function) {
  const GenericInstruction& first = code.instructions[function.begin];
  const GenericInstruction& last = code.instructions[function.end - 1];
  operands_ += last.first + last.count - first.first;
  for (uint32_t i = function.begin;
       (i = rules_.find_doubtful(code, i, function.end)) < function.end; ++i) {
    const GenericInstruction& instruction = code.instructions[i];
    const Place place = place_of(code, function, i);
    if (generic_op_info(instruction.op).obsolete == kOldestRelease) {
      return error_at(place, "an instruction of an OTP release that is too old");
    }
    if (const auto fault = find_operand_fault(file_, code, instruction)) {
      const Error what = make_error("operand %u is not: %s", fault->position, fault->expected);
      return error_at(place, what.text.c_str());
    }
    if (instruction.op == GenericOp::func_info_3 && i + 1 != function.entry) {
      return error_at(place, "func_info inside a function");
    }
    if (instruction.op != GenericOp::make_fun2_1) continue;
    free_variables_ += file_.lambdas[code.operand(instruction, 0).index()].num_free;
    last_make_fun2_ = place;
  }
  return {};
}

Result<void> Verifier::check_entries(const std::vector<FunctionEntry>& entries,
                                     const char* what) const {
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

Result<void> Verifier::check_lambdas() const {
  for (size_t i = 0; i < file_.lambdas.size(); ++i) {
    const GenericFunction* function = function_at(file_.lambdas[i].label);
    if (function == nullptr || function->arity != file_.lambdas[i].arity) {
      return in_module(make_error("lambda %zu is not a function of the code", i));
    }
  }
  return {};
}

uint32_t Verifier::function_of(uint32_t label) const {
  if (label >= file_.label_count || labels_.owner[label] == kNoIndex) return kNoIndex;
  const uint32_t number = labels_.owner[label];
  return functions_[number].entry_label == label ? number : kNoIndex;
}

const GenericFunction* Verifier::function_at(uint32_t label) const {
  const uint32_t number = function_of(label);
  return number == kNoIndex ? nullptr : &functions_[number];
}

Error Verifier::in_module(const Error& error) const {
  const std::string_view module = file_.module_name();
  return make_error("module %.*s: %s", static_cast<int>(module.size()), module.data(),
                    error.text.c_str());
}

Error Verifier::error_at(const Place& place, const char* what) const {
  const GenericFunction& function = functions_[place.function];
  const std::string_view name = file_.atoms[function.name];
  return in_module(make_error("function %.*s/%u: instruction %u (%s): %s",
                              static_cast<int>(name.size()), name.data(), function.arity,
                              place.instruction, generic_op_info(place.op).name, what));
}

Result<void> Verifier::check_release() const {
  if (file_.max_opcode <= kMaxGenericOp) return {};
  return in_module(
      make_error("compiled for a later OTP release: it uses opcode %u", file_.max_opcode));
}

Result<void> verify(BeamFile& file) {
  Verifier verifier(file);
  JOIST_TRY(verifier.check_release());
  file.code.clear_x.clear();
  file.code.dead_labels.clear();
  for (GenericFunction& function : file.code.functions) {
    JOIST_TRY(verifier.check(file.code, function));
  }
  return verifier.finish();
}

}  // namespace joist
