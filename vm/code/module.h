// A loaded module: its functions and their code, what maps code addresses back to functions and
// lines, and what module_info/0,1 tell. One instance a loading; the previous one stays callable as
// old code.
//
// At first a function is no more than a stub, which is what exports, funs and calls lead to. When
// it is called for the first time its code is prepared and put into a block of its own; the stub
// leads on to it, for those who still have its address (CodeTable::prepare).
//
//   CodeRange  | stub | stub | stub |   block   |   block   | room for more ... |
//                 |______________________^
//   block      | BlockHeader | func_info | code ... | LinePoints |
//
// Thread safety: blocks are added under `preparing`, and found without it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "vm/code/code_source.h"
#include "vm/code/export.h"
#include "vm/heap/literals.h"
#include "vm/term/record.h"

namespace joist {

class CodeSplicer;  // vm/code/splicer.h
class RangeSpace;   // vm/heap/range_space.h

// A number that one thread changes while others read it.
class SharedNumber {
 public:
  SharedNumber(uint32_t value = 0) : value_(value) {}  // NOLINT(google-explicit-constructor)
  SharedNumber(const SharedNumber& other) : value_(other) {}
  SharedNumber& operator=(const SharedNumber& other) {
    value_.store(other, std::memory_order_release);
    return *this;
  }
  operator uint32_t() const {  // NOLINT(google-explicit-constructor)
    return value_.load(std::memory_order_acquire);
  }

 private:
  std::atomic<uint32_t> value_;
};

struct FunctionRange {
  SharedNumber start;  // cell index of the func_info instruction; of a stub: that of the stub
  SharedNumber entry;  // cell index of the entry label
  Term name;
  uint32_t arity;
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

// What stands before the code of a function.
struct BlockHeader {
  uint32_t function;  // index into Module::functions
  uint32_t cells;     // of the code
  uint32_t lines;     // LinePoints behind it
  uint32_t unused;
};

// Memory for stubs and blocks.
struct CodeRange {
  uint32_t begin;  // cell indices
  uint32_t end;
  uint32_t used;  // where the next block goes
  // Where the code of each block begins, ascending.
  std::unique_ptr<uint32_t[]> blocks;
  SharedNumber block_count;
};

struct Module {
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  static constexpr uint32_t kStubCells = 2;

  // Makes room for the stubs and for as much code as may be prepared at first. False: the space
  // for code is full.
  bool create_stubs(RangeSpace& space, size_t code_cells);
  bool add_range(size_t cells);

  bool contains(const Cell* address) const;
  bool has_on_load() const { return on_load != UINT32_MAX; }
  const FunctionRange* function_at(const Cell* address) const;
  std::optional<LinePoint> line_at(const Cell* address) const;
  // Cell index behind the function's last instruction; of a stub: its own.
  uint32_t end_of(const FunctionRange& function) const;
  bool is_stub(uint32_t cell) const { return cell - stubs < kStubCells * functions.size(); }
  uint32_t stub_of(uint32_t function) const { return stubs + kStubCells * function; }
  // Of code, and of what it is prepared from.
  size_t code_bytes() const;

  Term name = Term::none();
  // Cell indices count from here; it is the base of the space for the code of all modules.
  Cell* cells = nullptr;
  uint32_t stubs = 0;  // cell index of the first function's

  std::vector<FunctionRange> functions;  // in the order of the file
  std::vector<Term> files;               // literals {file, Name}; [0]: the module's own
  std::vector<FunctionName> exports;
  std::vector<uint32_t> export_functions;  // index into `functions` of each of `exports`
  std::vector<FunctionName> locals;
  std::vector<FunEntry*> funs;          // by lambda index; owned by the code table
  std::vector<uint32_t> fun_functions;  // index into `functions` of each of `funs`
  std::vector<RecordType> records;
  std::unique_ptr<uint8_t[]> strings;

  CodeSplicer* splicer = nullptr;  // has copies of its code
  LiteralSpace* literal_space = nullptr;
  std::vector<LiteralSpace::Area> literal_areas;
  Term attributes = Term::nil();    // literal
  Term compile_info = Term::nil();  // literal
  uint8_t md5[16] = {};
  uint32_t on_load = UINT32_MAX;  // index of the on_load function, or none
  bool preloaded = false;         // part of the emulator in OTP (erlang:pre_loaded/0)

  // --- for the code table ---

  // Calls of functions that are stubs yet: lists by function, which begin in `first_call`.
  struct PendingCall {
    uint32_t operand;  // cell index of the instruction; bytes from there
    uint32_t offset;
    uint32_t next;  // index into pending_calls, or kNoCall
  };
  static constexpr uint32_t kNoCall = UINT32_MAX;

  std::mutex preparing;
  std::unique_ptr<const CodeSource> source;
  std::vector<PendingCall> pending_calls;
  std::vector<uint32_t> first_call;  // by function; empty: no calls yet
  static constexpr size_t kMostRanges = 32;
  std::unique_ptr<CodeRange> ranges[kMostRanges];  // each larger than the one before
  std::atomic<size_t> range_count = 0;
  RangeSpace* space = nullptr;

 private:
  const CodeRange* range_of(uint32_t cell) const;
  const BlockHeader* block_at(const Cell* address, uint32_t* start) const;
};

}  // namespace joist
