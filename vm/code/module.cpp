#include "vm/code/module.h"

#include <algorithm>

#include "vm/code/splicer.h"
#include "vm/heap/range_space.h"

namespace joist {

Module::~Module() {
  if (splicer != nullptr) splicer->forget(*this);
  for (LiteralSpace::Area& area : literal_areas) literal_space->release(area);
  for (size_t i = 0; i < range_count; ++i) {
    const CodeRange& range = *ranges[i];
    space->release(range.begin * sizeof(Cell), (range.end - range.begin) * sizeof(Cell));
  }
}

bool Module::add_range(size_t cell_count) {
  const size_t count = range_count.load(std::memory_order_relaxed);
  if (count == kMostRanges) return false;
  const size_t offset = space->allocate(cell_count * sizeof(Cell));
  if (offset == RangeSpace::kFull) return false;
  auto range = std::make_unique<CodeRange>();
  range->begin = range->used = static_cast<uint32_t>(offset / sizeof(Cell));
  range->end = static_cast<uint32_t>(range->begin + cell_count);
  range->blocks = std::make_unique_for_overwrite<uint32_t[]>(functions.size());
  ranges[count] = std::move(range);
  range_count.store(count + 1, std::memory_order_release);
  return true;
}

bool Module::create_stubs(RangeSpace& code_space, size_t code_cells) {
  space = &code_space;
  cells = reinterpret_cast<Cell*>(code_space.base());
  const size_t stub_cells = kStubCells * functions.size();
  if (!add_range(stub_cells + code_cells)) return false;
  CodeRange& range = *ranges[0];
  stubs = range.begin;
  range.used += static_cast<uint32_t>(stub_cells);
  for (uint32_t i = 0; i < functions.size(); ++i) {
    functions[i].start = functions[i].entry = stub_of(i);
  }
  return true;
}

const CodeRange* Module::range_of(uint32_t cell) const {
  const size_t count = range_count.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; ++i) {
    const CodeRange& range = *ranges[i];
    if (cell - range.begin < range.end - range.begin) return &range;
  }
  return nullptr;
}

bool Module::contains(const Cell* address) const {
  const size_t cell =
      (reinterpret_cast<size_t>(address) - reinterpret_cast<size_t>(cells)) / sizeof(Cell);
  return cell <= UINT32_MAX && range_of(static_cast<uint32_t>(cell)) != nullptr;
}

// The block that the address lies in, or behind; null: it is none.
const BlockHeader* Module::block_at(const Cell* address, uint32_t* start) const {
  const auto cell = static_cast<uint32_t>(address - cells);
  const CodeRange* range = range_of(cell);
  if (range == nullptr) return nullptr;
  const uint32_t* blocks = range->blocks.get();
  const uint32_t* after = std::upper_bound(blocks, blocks + range->block_count, cell);
  if (after == blocks) return nullptr;
  *start = after[-1];
  return reinterpret_cast<const BlockHeader*>(&cells[*start]) - 1;
}

const FunctionRange* Module::function_at(const Cell* address) const {
  const auto cell = static_cast<uint32_t>(address - cells);
  if (is_stub(cell)) return &functions[(cell - stubs) / kStubCells];
  uint32_t start = 0;
  const BlockHeader* block = block_at(address, &start);
  return block == nullptr ? nullptr : &functions[block->function];
}

std::optional<LinePoint> Module::line_at(const Cell* address) const {
  const auto cell = static_cast<uint32_t>(address - cells);
  if (is_stub(cell)) {
    // About to be called for the first time.
    const PreparedFunction function = source->prepare((cell - stubs) / kStubCells);
    const LinePoint* found = nullptr;
    for (const LinePoint& point : function.lines) {
      if (point.cell <= function.entry) found = &point;
    }
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  uint32_t start = 0;
  const BlockHeader* block = block_at(address, &start);
  if (block == nullptr) return std::nullopt;
  const auto* lines = reinterpret_cast<const LinePoint*>(&cells[start + block->cells]);
  const LinePoint* after =
      std::upper_bound(lines, lines + block->lines, cell - start,
                       [](uint32_t wanted, const LinePoint& point) { return wanted < point.cell; });
  return after == lines ? std::nullopt : std::optional(after[-1]);
}

uint32_t Module::end_of(const FunctionRange& function) const {
  const uint32_t start = function.start;
  if (is_stub(start)) return start;
  return start + (reinterpret_cast<const BlockHeader*>(&cells[start]) - 1)->cells;
}

size_t Module::code_bytes() const {
  size_t bytes = source == nullptr ? 0 : source->bytes();
  const size_t count = range_count.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; ++i) {
    const CodeRange& range = *ranges[i];
    const size_t blocks = range.block_count;
    uint32_t end =
        i == 0 ? range.begin + kStubCells * static_cast<uint32_t>(functions.size()) : range.begin;
    if (blocks != 0) {
      const uint32_t start = range.blocks[blocks - 1];
      end = start + (reinterpret_cast<const BlockHeader*>(&cells[start]) - 1)->cells;
    }
    bytes += (end - range.begin) * sizeof(Cell);
  }
  return bytes;
}

}  // namespace joist
