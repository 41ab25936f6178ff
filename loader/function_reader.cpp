#include "loader/function_reader.h"

#include <optional>

namespace joist {

namespace {

bool is_op(const GenericCode& code, size_t index, GenericOp op) {
  return index < code.instructions.size() && code.instructions[index].op == op;
}

// Whether a function starts with the label at `begin`, as far as it has been read; then `entry` is
// where its entry label belongs.
bool starts_function(const GenericCode& code, size_t begin, size_t* entry) {
  if (!is_op(code, begin, GenericOp::label_1)) return false;
  size_t at = begin + 1;
  if (is_op(code, at, GenericOp::line_1)) ++at;
  *entry = at + 1;
  return is_op(code, at, GenericOp::func_info_3);
}

// Where the label is that a function with func_info at `info` starts with.
size_t start_before(const GenericCode& code, size_t info) {
  if (info == 0) return 0;
  return info > 1 && is_op(code, info - 1, GenericOp::line_1) ? info - 2 : info - 1;
}

// Whether the operands that a GenericFunction is made of are what they must be.
bool start_is_sound(const GenericCode& code, const GenericFunction& function) {
  const auto is_number = [&](size_t index, uint32_t position, uint64_t limit) {
    const Operand& operand = code.operand(code.instructions[index], position);
    return operand.kind == OperandKind::kUnsigned && operand.number() < limit;
  };
  const size_t info = function.entry - 1;
  return is_op(code, function.entry, GenericOp::label_1) &&
         is_number(function.begin, 0, UINT32_MAX) && is_number(function.entry, 0, UINT32_MAX) &&
         code.operand(code.instructions[info], 0).kind == OperandKind::kAtom &&
         code.operand(code.instructions[info], 1).kind == OperandKind::kAtom &&
         is_number(info, 2, kMaxArity + 1);
}

}  // namespace

Result<GenericFunction> find_function(const GenericCode& code, size_t begin) {
  size_t entry = 0;
  if (!starts_function(code, begin, &entry)) {
    return make_error("corrupt code: it does not start with a function");
  }
  GenericFunction function = {};
  function.begin = static_cast<uint32_t>(begin);
  function.entry = static_cast<uint32_t>(entry);
  function.end = static_cast<uint32_t>(code.instructions.size());
  if (!start_is_sound(code, function)) {
    return make_error("corrupt code: malformed function start");
  }
  const GenericInstruction& info = code.instructions[entry - 1];
  function.info_label = code.operand(code.instructions[begin], 0).index();
  function.name = code.operand(info, 1).index();
  function.arity = code.operand(info, 2).index();
  function.entry_label = code.operand(code.instructions[entry], 0).index();
  return function;
}

FunctionReader::Mark FunctionReader::mark() const {
  return {reader_.bytes(),          code_.instructions.size(),  code_.operands.size(),
          code_.allocations.size(), code_.wide_integers.size(), code_.big_integers.size()};
}

void FunctionReader::go_back(const Mark& mark) {
  reader_.go_on_at(mark.bytes);
  code_.instructions.resize(mark.instructions);
  code_.operands.shrink(mark.operands);
  code_.allocations.resize(mark.allocations);
  code_.wide_integers.resize(mark.wide_integers);
  code_.big_integers.resize(mark.big_integers);
}

Result<bool> FunctionReader::next() {
  if (ended_) return false;
  const size_t begin = code_.instructions.size();
  begin_ = end_;
  size_t entry = SIZE_MAX;    // of this function, once its func_info was read
  std::optional<Mark> label;  // the latest one that may start the next function
  while (true) {
    const bool sound = reader_.read_body();
    const size_t at = code_.instructions.size();
    if (at != entry && reader_.is_next(GenericOp::label_1)) label = mark();
    end_ = static_cast<uint32_t>(reader_.bytes().position() - bytes_.data());
    if (!sound || !reader_.next()) {
      return make_error("corrupt code: instruction %zu: %s", earlier_ + at - begin,
                        reader_.error().text.c_str());
    }
    const GenericOp op = code_.instructions[at].op;
    if (op == GenericOp::on_load_0 && entry != SIZE_MAX) {
      code_.on_load = number_;
    } else if (op == GenericOp::int_code_end_0) {
      code_.instructions.pop_back();
      ended_ = true;
      break;
    } else if (op == GenericOp::func_info_3) {
      const bool starts = label && start_before(code_, at) == label->instructions &&
                          is_op(code_, label->instructions, GenericOp::label_1);
      if (!starts) continue;
      if (entry != SIZE_MAX) {
        go_back(*label);
        end_ = static_cast<uint32_t>(reader_.bytes().position() - bytes_.data());
        break;
      }
      if (label->instructions == begin) entry = at + 1;
    }
  }
  if (ended_ && code_.instructions.size() == begin) return false;
  code_.functions.push_back(JOIST_TRY(find_function(code_, begin)));
  earlier_ += code_.instructions.size() - begin;
  ++number_;
  return true;
}

}  // namespace joist
