// A loaded module: its cells, what maps code addresses back to functions and lines, and what
// module_info/0,1 tell. One instance a loading; the previous one stays callable as old code.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "vm/code/export.h"
#include "vm/heap/literals.h"
#include "vm/term/record.h"

namespace joist {

class CodeSplicer;  // vm/code/splicer.h

struct FunctionRange {
  uint32_t start;  // cell index of the func_info instruction
  uint32_t entry;  // cell index of the entry label
  Term name;
  uint32_t arity;
};

// From this cell on, until the next record, code stems from this line.
struct LinePoint {
  uint32_t cell;
  uint32_t file;  // index into Module::files
  uint32_t line;  // 0: unknown
};

struct FunctionName {
  Term name;
  uint32_t arity;
};

// A native record that the module defines.
struct RecordType {
  const RecordDefinition* definition;
  std::vector<Term> defaults;  // by field, constants of the module; none(): must be given
};
// null: there is none of that name.
inline const RecordType* find_record(std::span<const RecordType> types, Term name) {
  for (const RecordType& type : types) {
    if (type.definition->name == name) return &type;
  }
  return nullptr;
}

struct Module {
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  Term name = Term::none();
  std::unique_ptr<Cell[]> cells;
  size_t cell_count = 0;

  std::vector<FunctionRange> functions;  // ascending start
  std::vector<LinePoint> lines;          // ascending cell
  std::vector<Term> files;               // literals {file, Name}; [0]: the module's own
  std::vector<FunctionName> exports;
  std::vector<uint32_t> export_cells;  // where each of `exports` begins
  std::vector<FunctionName> locals;
  std::vector<FunEntry*> funs;      // by lambda index; owned by the code table
  std::vector<uint32_t> fun_cells;  // where each of `funs` begins
  std::vector<RecordType> records;
  std::unique_ptr<uint8_t[]> strings;

  CodeSplicer* splicer = nullptr;  // has copies of its code
  LiteralSpace* literal_space = nullptr;
  std::vector<LiteralSpace::Area> literal_areas;
  Term attributes = Term::nil();    // literal
  Term compile_info = Term::nil();  // literal
  uint8_t md5[16] = {};
  uint32_t on_load = UINT32_MAX;  // cell index of the on_load function, or none
  bool preloaded = false;         // part of the emulator in OTP (erlang:pre_loaded/0)

  bool contains(const Cell* address) const {
    return address >= cells.get() && address < cells.get() + cell_count;
  }
  bool has_on_load() const { return on_load != UINT32_MAX; }
  const FunctionRange* function_at(const Cell* address) const;
  const LinePoint* line_at(const Cell* address) const;
};

}  // namespace joist
