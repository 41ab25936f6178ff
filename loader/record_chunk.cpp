#include "loader/record_chunk.h"

#include <set>

#include "loader/operands.h"

namespace joist {

namespace {

constexpr uint32_t kRecordVersion = 0;
constexpr size_t kMinRecordBytes = 5;

bool is_default_value(const Operand& operand) {
  switch (operand.kind) {
    case OperandKind::kUnsigned:
    case OperandKind::kAtom:
    case OperandKind::kNil:
    case OperandKind::kInteger:
    case OperandKind::kBigInteger:
    case OperandKind::kLiteral:
      return true;
    default:
      return false;
  }
}

// Whether `operand` is the atom true or false; stores which.
bool read_boolean(const BeamFile& file, const Operand& operand, bool& value) {
  if (operand.kind != OperandKind::kAtom) return false;
  const std::string_view name = file.atoms[operand.index()];
  value = name == "true";
  return value || name == "false";
}

// Takes over the record that `code` holds as its only instruction.
bool add_record(BeamFile& file, const GenericCode& code) {
  const GenericInstruction& instruction = code.instructions[0];
  const auto operands = code.operands_of(instruction);
  if (instruction.op != GenericOp::call_last_3) return false;

  RecordEntry record = {};
  if (operands[0].kind != OperandKind::kAtom) return false;
  if (!read_boolean(file, operands[1], record.exported)) return false;
  if (operands[2].kind != OperandKind::kList || operands[2].value % 2 != 0) return false;
  record.name = operands[0].index();
  record.first_field = static_cast<uint32_t>(file.record_fields.size());
  record.field_count = operands[2].index() / 2;

  const auto items = code.list_of(instruction);
  std::set<uint32_t> names;
  for (size_t i = 0; i < items.size(); i += 2) {
    RecordField field = {items[i].index(), items[i + 1].kind != OperandKind::kUnsigned,
                         items[i + 1]};
    if (items[i].kind != OperandKind::kAtom || !is_default_value(field.value)) return false;
    if (!names.insert(field.name).second) return false;
    if (field.value.kind == OperandKind::kBigInteger) {
      file.code.big_integers.push_back(code.big_integers[field.value.index()]);
      field.value.value = static_cast<int64_t>(file.code.big_integers.size() - 1);
    }
    file.record_fields.push_back(field);
  }
  file.records.push_back(record);
  return true;
}

}  // namespace

Result<void> parse_records(BeamFile& file, ByteSpan chunk) {
  ByteReader header(chunk);
  const uint32_t version = header.u32();
  const uint32_t count = header.u32();
  header.skip(4);  // the number of fields of all records
  const bool fits = count <= header.remaining() / kMinRecordBytes;
  if (!header.ok() || version != kRecordVersion || !fits) {
    return make_error("corrupt record table: its header");
  }
  GenericCode code;
  InstructionReader reader(file, header.take(header.remaining()), code);
  for (uint32_t i = 0; i < count; ++i) {
    code.instructions.clear();
    code.operands.clear();
    code.big_integers.clear();
    const bool sound = reader.next() && add_record(file, code);
    if (!sound) return make_error("corrupt record table: record %u", i);
  }
  return {};
}

}  // namespace joist
