#include "tools/cli/listing.h"

#include <cstdio>
#include <memory>

#include "vm/codec/etf.h"
#include "vm/term/atom.h"
#include "vm/term/print.h"

namespace joist::cli {

namespace {

std::string number(int64_t value) { return std::to_string(value); }

constexpr int64_t kLongestTerm = 400;

std::string atom_text(std::string_view name) {
  const std::optional<Term> atom = make_atom(name);
  return atom ? term_text(*atom) : std::string(name);
}

// Literals may name external functions; nothing needs to stand behind these names here.
class NamesOnly final : public ExternalResolver {
 public:
  const ExportIdentity* find_export(const Mfa& mfa, bool) override {
    identities_.push_back(std::make_unique<ExportIdentity>(ExportIdentity{mfa}));
    return identities_.back().get();
  }

 private:
  std::vector<std::unique_ptr<ExportIdentity>> identities_;
};

std::string literal_text(ByteSpan external) {
  NamesOnly resolver;
  DecodeOptions options;
  options.resolver = &resolver;
  Allocator heap;
  const std::optional<Decoded> literal = decode_external(external, heap, options);
  if (!literal) return "literal that is no term of this release";
  std::string text;
  for (char c : term_text(literal->term, kLongestTerm)) {  // on one line
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
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
      return "`" + literal_text(file.literals[operand.index()]) + "`";
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
