// What the sources of vm/dist/relations.h share.
#pragma once

#include <optional>

#include "vm/dist/control.h"
#include "vm/dist/flags.h"
#include "vm/proc/relations.h"

namespace joist {

// Sees to it that the process hears of the end of that connection. False: it has ended.
bool join(Process& p, Peer& peer, uint32_t connection);
// That connection to the node, if there still is one.
std::optional<Line> line_with(Process& p, Term node, uint32_t connection);

}  // namespace joist
