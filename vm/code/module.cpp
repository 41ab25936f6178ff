#include "vm/code/module.h"

#include <algorithm>

#include "vm/code/splicer.h"

namespace joist {

Module::~Module() {
  if (splicer != nullptr) splicer->forget(*this);
  for (LiteralSpace::Area& area : literal_areas) literal_space->release(area);
}

const FunctionRange* Module::function_at(const Cell* address) const {
  const auto cell = static_cast<uint32_t>(address - cells.get());
  auto after = std::upper_bound(
      functions.begin(), functions.end(), cell,
      [](uint32_t wanted, const FunctionRange& range) { return wanted < range.start; });
  return after == functions.begin() ? nullptr : &after[-1];
}

const LinePoint* Module::line_at(const Cell* address) const {
  const auto cell = static_cast<uint32_t>(address - cells.get());
  auto after =
      std::upper_bound(lines.begin(), lines.end(), cell,
                       [](uint32_t wanted, const LinePoint& point) { return wanted < point.cell; });
  return after == lines.begin() ? nullptr : &after[-1];
}

}  // namespace joist
