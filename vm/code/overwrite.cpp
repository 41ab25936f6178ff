#include "vm/code/overwrite.h"

#include <algorithm>

namespace joist {

namespace {

// Whether a call's distance is in one of the cells [first, end).
bool is_within(const Module::PendingCall& call, uint32_t first, uint32_t end) {
  const uint64_t place = uint64_t{call.operand} * sizeof(Cell) + call.offset;
  return place + sizeof(int32_t) > uint64_t{first} * sizeof(Cell) &&
         place < uint64_t{end} * sizeof(Cell);
}

}  // namespace

void overwrite_code(Module& module, Cell* place, std::span<const Cell> cells) {
  const auto first = static_cast<uint32_t>(place - module.cells);
  const auto end = first + static_cast<uint32_t>(cells.size());
  std::lock_guard lock(module.preparing);
  for (uint32_t& list : module.first_call) {
    for (uint32_t* link = &list; *link != Module::kNoCall;) {
      Module::PendingCall& call = module.pending_calls[*link];
      if (is_within(call, first, end)) {
        *link = call.next;
      } else {
        link = &call.next;
      }
    }
  }
  std::ranges::copy(cells, place);
}

}  // namespace joist
