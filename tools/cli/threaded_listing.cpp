#include "tools/cli/threaded_listing.h"

#include <cstdio>
#include <cstring>

#include "vm/code/segment.h"
#include "vm/term/boxed.h"
#include "vm/term/print.h"

namespace joist::cli {

namespace {

constexpr int64_t kLongestTerm = 400;

template <typename T>
T read_field(const Cell* instruction, size_t offset) {
  T value;
  std::memcpy(&value, reinterpret_cast<const char*>(instruction) + offset, sizeof value);
  return value;
}

std::string register_text(uint16_t code) {
  return (code & 1 ? "y" : "x") + std::to_string(code / 8);
}

std::string term_on_one_line(Word word) {
  std::string text;
  for (char c : term_text(Term::from_bits(word), kLongestTerm)) {
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

std::string source_text(Word source) {
  return is_register_source(source) ? register_text(register_of_source(source))
                                    : term_on_one_line(source);
}

std::string hex_text(Word word) {
  char text[24];
  std::snprintf(text, sizeof text, "16#%llx", static_cast<unsigned long long>(word));
  return text;
}

std::string header_text(Word header) { return "{" + std::to_string(header_words(header)) + "}"; }

// What a cell of a list is.
enum class CellKind : uint8_t { kSource, kRegister, kConstant, kHeader, kLabel, kNumber, kAddress };

// The value or the size of a segment; `cells` are those of the segment.
CellKind segment_cell_kind(const Cell* cells, size_t index) {
  const auto type = static_cast<SegmentType>(cells[0] & 0x7f);
  if (index == 0) return CellKind::kNumber;
  if (index == 1) return type == SegmentType::kString ? CellKind::kAddress : CellKind::kSource;
  return cells[0] & kFixedSegment ? CellKind::kNumber : CellKind::kSource;
}

CellKind kind_of_cell(Op op, const Cell* cells, size_t count, size_t index) {
  switch (op) {
    case Op::select_immediate:  // see vm/exec/op_control.cpp
      if (index < 2) return CellKind::kNumber;
      if (index % 2 != 0) return CellKind::kLabel;
      return is_register_source(cells[index]) ? CellKind::kHeader : CellKind::kConstant;
    case Op::select_few:
    case Op::select_exact:
      return index < count / 2 ? CellKind::kConstant : CellKind::kLabel;
    case Op::select_arity:
      return index < count / 2 ? CellKind::kHeader : CellKind::kLabel;
    case Op::jump_table:
      return CellKind::kLabel;
    case Op::get_map_elements:
    case Op::get_record_elements:
      return index % 2 == 0 ? CellKind::kSource : CellKind::kRegister;
    case Op::update_record:
      return index % 2 == 0 ? CellKind::kNumber : CellKind::kSource;
    case Op::init_ys:
      return CellKind::kNumber;
    case Op::bs_create_bin: {
      const size_t in_segment = index % kSegmentCells;
      return segment_cell_kind(cells + index - in_segment, in_segment);
    }
    default:  // values of a tuple, a map, a record, a fun
      return CellKind::kSource;
  }
}

std::string label_text(uint32_t position, int64_t distance) {
  return "@" + std::to_string(position + distance / static_cast<int64_t>(sizeof(Cell)));
}

}  // namespace

ThreadedListing::ThreadedListing(const HandlerTable& handlers, const Module& module)
    : module_(module) {
  for (size_t op = 0; op < kOpCount; ++op) {
    const size_t count = combination_count(kOpInfo[op].signature);
    for (size_t combination = 0; combination < count; ++combination) {
      forms_.emplace(handlers.handlers[op][combination], Form{static_cast<Op>(op), combination});
    }
  }
}

void ThreadedListing::name_word(const void* address, std::string name) {
  names_.emplace(reinterpret_cast<Word>(address), std::move(name));
}

void ThreadedListing::append(const FunctionRange& function, std::string& text) const {
  print_atom(text, function.name);
  text += "/" + std::to_string(function.arity) + ":\n";
  const uint32_t end = module_.end_of(function);
  uint32_t position = function.start;
  while (position < end) {
    const size_t cells = append_instruction(position, text);
    if (cells == 0) return;
    position += static_cast<uint32_t>(cells);
  }
}

size_t ThreadedListing::append_instruction(uint32_t position, std::string& text) const {
  const Cell* instruction = &module_.cells[position];
  const auto form = forms_.find(*instruction);
  char index[16];
  std::snprintf(index, sizeof index, "%6u  ", position);
  text += index;
  if (form == forms_.end()) {
    text += hex_text(*instruction) + ": not a handler\n";
    return 0;
  }
  const Op op = form->second.op;
  const OpInfo& info = op_info(op);
  const Layout layout = layout_of(info.signature, form->second.combination);
  text += info.name;
  size_t list_cells = 0;
  for (size_t i = 0; i < layout.count; ++i) {
    text += ' ';
    if (layout.kind[i] == FieldKind::kList) {
      list_cells = read_field<uint32_t>(instruction, layout.offset[i]);
      append_list(op, position, instruction + layout.cells, list_cells, text);
    } else {
      text += field_text(position, layout.kind[i], layout.offset[i]);
    }
  }
  text += '\n';
  return layout.cells + list_cells;
}

std::string ThreadedListing::field_text(uint32_t position, FieldKind kind, size_t offset) const {
  const Cell* instruction = &module_.cells[position];
  switch (kind) {
    case FieldKind::kX0:
    case FieldKind::kX1:
    case FieldKind::kX2:
    case FieldKind::kX3:
      return "x" + std::to_string(static_cast<size_t>(kind));
    case FieldKind::kSame:
      return "=";
    case FieldKind::kX:
    case FieldKind::kY:
    case FieldKind::kAnyRegister:
    case FieldKind::kAnyDestination:
      return register_text(read_field<uint16_t>(instruction, offset));
    case FieldKind::kConstant:
      return term_on_one_line(read_field<Word>(instruction, offset));
    case FieldKind::kAnySource:
      return source_text(read_field<Word>(instruction, offset));
    case FieldKind::kFloat:
      return "fr" + std::to_string(read_field<uint16_t>(instruction, offset));
    case FieldKind::kUnsigned16:
      return std::to_string(read_field<uint16_t>(instruction, offset));
    case FieldKind::kUnsigned32:
      return std::to_string(read_field<uint32_t>(instruction, offset));
    case FieldKind::kLabel:
    case FieldKind::kLabelOrNone: {
      const int32_t distance = read_field<int32_t>(instruction, offset);
      if (distance == 0) return "-";
      return label_text(position, distance);
    }
    case FieldKind::kWord: {
      const Word word = read_field<Word>(instruction, offset);
      const auto name = names_.find(word);
      return name != names_.end() ? name->second : hex_text(word);
    }
    case FieldKind::kList:
      break;
  }
  return "?";
}

void ThreadedListing::append_list(Op op, uint32_t position, const Cell* cells, size_t count,
                                  std::string& text) const {
  const auto cell_text = [&](size_t i) {
    switch (kind_of_cell(op, cells, count, i)) {
      case CellKind::kSource:
        return source_text(cells[i]);
      case CellKind::kRegister:
        return register_text(static_cast<uint16_t>(cells[i]));
      case CellKind::kConstant:
        return term_on_one_line(cells[i]);
      case CellKind::kHeader:
        return header_text(cells[i]);
      case CellKind::kLabel:
        return label_text(position, static_cast<int64_t>(cells[i]));
      case CellKind::kNumber:
        return std::to_string(cells[i]);
      case CellKind::kAddress:
        break;
    }
    return hex_text(cells[i]);
  };
  text += '[';
  for (size_t i = 0; i < count; ++i) {
    if (i != 0) text += ' ';
    text += cell_text(i);
  }
  text += ']';
}

}  // namespace joist::cli
