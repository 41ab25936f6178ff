#include "tools/cli/listing.h"

#include <cstdio>

namespace joist::cli {

namespace {

std::string number(int64_t value) { return std::to_string(value); }

// Atoms as Erlang writes them: quoted unless they are plain words.
std::string atom_text(std::string_view atom) {
  bool plain = !atom.empty() && atom[0] >= 'a' && atom[0] <= 'z';
  for (char c : atom) {
    plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '@');
  }
  if (plain) return std::string(atom);
  std::string quoted = "'";
  for (char c : atom) {
    if (c == '\'' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\n";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string allocation_text(const Allocation& need) {
  std::string text = "words=" + number(need.words);
  if (need.floats != 0) text += ",floats=" + number(need.floats);
  if (need.funs != 0) text += ",funs=" + number(need.funs);
  return text;
}

std::string big_integer_text(ByteSpan bytes) {
  std::string text = "16#";
  for (uint8_t byte : bytes) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", byte);
    text += hex;
  }
  return text;
}

std::string import_text(const BeamFile& file, int64_t index) {
  if (static_cast<uint64_t>(index) >= file.imports.size()) return "import " + number(index);
  const ImportEntry& import = file.imports[static_cast<size_t>(index)];
  return atom_text(file.atoms[import.module]) + ":" + atom_text(file.atoms[import.function]) + "/" +
         std::to_string(import.arity);
}

std::string lambda_text(const BeamFile& file, int64_t index) {
  if (static_cast<uint64_t>(index) >= file.lambdas.size()) return "lambda " + number(index);
  const LambdaEntry& lambda = file.lambdas[static_cast<size_t>(index)];
  return "fun " + atom_text(file.atoms[lambda.function]) + "/" + std::to_string(lambda.arity);
}

std::string operand_text(const BeamFile& file, const GenericCode& code, const Operand& operand) {
  switch (operand.kind) {
    case OperandKind::kUnsigned:
      return number(operand.value);
    case OperandKind::kInteger:
      return "#" + number(operand.value);
    case OperandKind::kBigInteger:
      return "#" + big_integer_text(code.big_integers[operand.index()]);
    case OperandKind::kNil:
      return "[]";
    case OperandKind::kAtom:
      return atom_text(file.atoms[operand.index()]);
    case OperandKind::kX:
      return "x" + number(operand.value);
    case OperandKind::kY:
      return "y" + number(operand.value);
    case OperandKind::kFloatRegister:
      return "fr" + number(operand.value);
    case OperandKind::kLabel:
      return "L" + number(operand.value);
    case OperandKind::kNoLabel:
      return "L0";
    case OperandKind::kLiteral:
      return "literal:" + number(operand.value);
    case OperandKind::kList:
      return "list:" + number(operand.value);
    case OperandKind::kAllocation:
      return allocation_text(code.allocations[operand.index()]);
    case OperandKind::kOverflow:
      return "overflow";
  }
  return "?";
}

void append_instruction(const BeamFile& file, const GenericCode& code,
                        const GenericInstruction& instruction, std::string& text) {
  const GenericOpInfo& info = generic_op_info(instruction.op);
  const auto operands = code.operands_of(instruction);
  if (instruction.op == GenericOp::label_1) {
    text += "L" + number(operands[0].value) + ":\n";
    return;
  }
  text += "  ";
  text += info.name;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (operands[i].kind == OperandKind::kList && i + 1 == info.arity) {
      text += " [";
      for (size_t item = i + 1; item < operands.size(); ++item) {
        if (item != i + 1) text += ' ';
        text += operand_text(file, code, operands[item]);
      }
      text += ']';
      break;
    }
    const char kind = i < info.arity && info.signature != nullptr ? info.signature[i] : '\0';
    text += ' ';
    if (kind == 'i' && operands[i].kind == OperandKind::kUnsigned) {
      text += import_text(file, operands[i].value);
    } else if (kind == 'm' && operands[i].kind == OperandKind::kUnsigned) {
      text += lambda_text(file, operands[i].value);
    } else {
      text += operand_text(file, code, operands[i]);
    }
  }
  text += '\n';
}

void append_line(const BeamFile& file, uint32_t index, std::string& text) {
  if (index >= file.lines.size()) return;
  const LineEntry& entry = file.lines[index];
  text += "  % ";
  text += entry.file == 0 ? std::string(file.module_name()) + ".erl" : file.files[entry.file];
  text += ":" + number(entry.line) + "\n";
}

}  // namespace

void append_generic(const BeamFile& file, const GenericCode& code, const GenericFunction& function,
                    std::string& text) {
  text += atom_text(file.atoms[function.name]) + "/" + std::to_string(function.arity) + ":\n";
  uint32_t line = 0;
  for (uint32_t i = function.begin; i < function.end; ++i) {
    const GenericInstruction& instruction = code.instructions[i];
    if (instruction.line != line && instruction.op != GenericOp::label_1) {
      line = instruction.line;
      append_line(file, line, text);
    }
    append_instruction(file, code, instruction, text);
  }
}

}  // namespace joist::cli
