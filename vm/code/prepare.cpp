// The half of the code table that puts the code of functions in place, each when it is first
// called.
#include <algorithm>
#include <cstring>
#include <span>

#include "vm/code/code_table.h"
#include "vm/code/instr.h"

namespace joist {

namespace {

constexpr uint32_t kHeaderCells = sizeof(BlockHeader) / sizeof(Cell);
static_assert(sizeof(BlockHeader) % sizeof(Cell) == 0);

// Code is read with plain loads, by handlers that may run it while it is written: whoever comes by
// an old distance or stub gets there, too, and what is new is reached by a pointer that is stored
// after it. So single stores will do, each of which is whole; ThreadSanitizer would take them for
// races.
template <typename T>
[[clang::no_sanitize("thread"), clang::noinline]] void store_code(T* place, T value) {
  std::atomic_thread_fence(std::memory_order_release);
  *static_cast<volatile T*>(place) = value;
}

[[clang::no_sanitize("thread"), clang::noinline]] void store_cells(Cell* place,
                                                                   std::span<const Cell> cells) {
  volatile Cell* to = place;
  for (size_t i = 0; i < cells.size(); ++i) to[i] = cells[i];
}

void set_distance(const Module& module, uint32_t instruction, uint32_t offset, uint32_t target) {
  auto* field =
      reinterpret_cast<int32_t*>(reinterpret_cast<char*>(&module.cells[instruction]) + offset);
  const int64_t distance = (int64_t{target} - instruction) * static_cast<int64_t>(sizeof(Cell));
  store_code(field, static_cast<int32_t>(distance));
}

constexpr uint32_t kStubDistance = layout_of("f", 0).offset[0];
static_assert(layout_of("f", 0).cells == Module::kStubCells);

uint32_t cells_of(size_t lines) {
  return static_cast<uint32_t>((lines * sizeof(LinePoint) + sizeof(Cell) - 1) / sizeof(Cell));
}

}  // namespace

bool CodeTable::make_stubs(Module& module, std::span<const ExportEntry* const> natives,
                           size_t code_bytes) {
  // Threaded code is about five times as large as the file's, and a part of it will be prepared.
  constexpr size_t kExpansion = 2;
  if (!module.create_stubs(code_space_, code_bytes * kExpansion / sizeof(Cell) + 1)) return false;
  const Cell unprepared = handlers_.handlers[static_cast<size_t>(Op::unprepared_stub)][0];
  for (uint32_t i = 0; i < module.functions.size(); ++i) {
    Cell* stub = &module.cells[module.stub_of(i)];
    stub[0] = unprepared;
    stub[1] = 0;
    if (natives[i] != nullptr) std::copy_n(natives[i]->native_stub, Module::kStubCells, stub);
  }
  return true;
}

// The last range has room for that many cells.
bool CodeTable::make_room_locked(Module& module, size_t cells) {
  const size_t count = module.range_count.load(std::memory_order_relaxed);
  const CodeRange& last = *module.ranges[count - 1];
  if (last.end - last.used >= cells) return true;
  if (!module.add_range(std::max(cells, size_t{last.end - last.begin} * 2))) return false;
  std::lock_guard lock(mutex_);
  // What is not published yet is not known by its addresses.
  const Generations* known = generations_locked(module.name);
  if (known == nullptr) return true;
  for (const std::unique_ptr<Module>* each :
       {&known->current, &known->old, &known->waiting, &known->purging}) {
    if (each->get() == &module) index_addresses();
  }
  return true;
}

void CodeTable::link_calls_locked(Module& module, uint32_t start, const PreparedFunction& code) {
  for (const PreparedFunction::Call& call : code.calls) {
    const uint32_t target = module.functions[call.function].entry;
    set_distance(module, start + call.instruction, call.offset, target);
    const Cell handler = module.cells[target];
    if (!module.is_stub(target) ||
        handler != handlers_.handlers[static_cast<size_t>(Op::unprepared_stub)][0]) {
      continue;
    }
    if (module.first_call.empty()) {
      module.first_call.assign(module.functions.size(), Module::kNoCall);
    }
    uint32_t& first = module.first_call[call.function];
    module.pending_calls.push_back({start + call.instruction, call.offset, first});
    first = static_cast<uint32_t>(module.pending_calls.size() - 1);
  }
}

// Makes all that leads to the function's stub lead to its code.
void CodeTable::link_function_locked(Module& module, uint32_t function, const Cell* entry) {
  const uint32_t stub = module.stub_of(function);
  const auto target = static_cast<uint32_t>(entry - module.cells);
  set_distance(module, stub, kStubDistance, target);
  store_code(&module.cells[stub], handlers_.handlers[static_cast<size_t>(Op::prepared_stub)][0]);
  if (!module.first_call.empty()) {
    for (uint32_t i = module.first_call[function]; i != Module::kNoCall;
         i = module.pending_calls[i].next) {
      set_distance(module, module.pending_calls[i].operand, module.pending_calls[i].offset, target);
    }
    module.first_call[function] = Module::kNoCall;
  }
  const Cell* from = &module.cells[stub];
  const auto redirect = [from, entry](std::atomic<const Cell*>& code) {
    const Cell* expected = from;
    code.compare_exchange_strong(expected, entry, std::memory_order_acq_rel);
  };
  for (size_t i = 0; i < module.funs.size(); ++i) {
    if (module.fun_functions[i] == function) redirect(module.funs[i]->code);
  }
  for (size_t i = 0; i < module.exports.size(); ++i) {
    if (module.export_functions[i] != function) continue;
    const FunctionName& name = module.exports[i];
    redirect(export_entry({module.name, name.name, name.arity})->code);
  }
}

void CodeTable::place_locked(Module& module, uint32_t function, const PreparedFunction& code) {
  const auto cell_count = static_cast<uint32_t>(code.cells.size());
  const size_t needed = kHeaderCells + cell_count + cells_of(code.lines.size());
  if (!make_room_locked(module, needed)) fatal("out of memory: the space for code is full");
  CodeRange& range = *module.ranges[module.range_count.load(std::memory_order_relaxed) - 1];
  const uint32_t start = range.used + kHeaderCells;
  const BlockHeader header = {function, cell_count, static_cast<uint32_t>(code.lines.size()), 0};
  std::memcpy(&module.cells[range.used], &header, sizeof header);
  store_cells(&module.cells[start], code.cells);
  std::memcpy(&module.cells[start + cell_count], code.lines.data(),
              code.lines.size() * sizeof(LinePoint));
  link_calls_locked(module, start, code);
  range.used += static_cast<uint32_t>(needed);
  range.blocks[range.block_count] = start;
  range.block_count = range.block_count + 1;
  FunctionRange& place = module.functions[function];
  place.start = start;
  place.entry = start + code.entry;
}

const Cell* CodeTable::prepare(Module& module, uint32_t function) {
  const FunctionRange& range = module.functions[function];
  const Cell* stub = &module.cells[module.stub_of(function)];
  {
    std::lock_guard lock(module.preparing);
    if (!module.is_stub(range.entry)) return &module.cells[range.entry];
    if (*stub != handlers_.handlers[static_cast<size_t>(Op::unprepared_stub)][0]) return stub;
    place_locked(module, function, module.source->prepare(function));
    link_function_locked(module, function, &module.cells[range.entry]);
  }
  const Cell* entry = &module.cells[range.entry];
  if (splicer_.splices_all() && module.splicer != nullptr) splicer_.splice(module, entry);
  return entry;
}

const Cell* CodeTable::prepare(const Cell* stub) {
  Module* module = code_at(stub);
  JOIST_CHECK(module != nullptr);
  const auto cell = static_cast<uint32_t>(stub - module->cells);
  return prepare(*module, (cell - module->stubs) / Module::kStubCells);
}

void CodeTable::prepare_all(Module& module) {
  for (uint32_t i = 0; i < module.functions.size(); ++i) prepare(module, i);
}

}  // namespace joist
