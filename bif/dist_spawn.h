// Processes that other nodes ask for, and that this one asks others for.
#pragma once

#include "vm/dist/nodes.h"

namespace joist {

// Does what the other node asks for and answers. False: the request makes no sense.
bool spawn_for_node(Nodes& nodes, const RemoteSpawn& request);

}  // namespace joist
