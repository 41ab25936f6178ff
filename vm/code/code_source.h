// Where the threaded code of a module's functions comes from: they are prepared one by one, each
// when it is first called (CodeTable::prepare), because most of a program's are never called.
#pragma once

#include <optional>
#include <vector>

#include "vm/code/cell.h"

namespace joist {

// From this cell on, until the next record, code stems from this line.
struct LinePoint {
  uint32_t cell;
  uint32_t file;  // index into Module::files
  uint32_t line;  // 0: unknown
};

// The code of a function as it can be put anywhere: cells are counted from its func_info.
struct PreparedFunction {
  // A label operand for which the distance to another function of the module is missing.
  struct Call {
    uint32_t instruction;
    uint32_t offset;    // of the operand, in bytes from the instruction
    uint32_t function;  // index into Module::functions
  };
  std::vector<Cell> cells;
  uint32_t entry = 0;
  std::vector<LinePoint> lines;  // ascending cell
  std::vector<Call> calls;
};

class CodeSource {
 public:
  virtual ~CodeSource() = default;
  // The same each time; any thread.
  virtual PreparedFunction prepare(uint32_t function) const = 0;
  // What is kept for that.
  virtual size_t bytes() const = 0;
};

}  // namespace joist
