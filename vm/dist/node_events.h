// The messages nodeup and nodedown for who has asked for them with net_kernel:monitor_nodes/2
// (https://www.erlang.org/doc/man/net_kernel#monitor_nodes-2).
#pragma once

#include "vm/dist/nodes.h"

namespace joist {

// The signal makes the messages that its receiver wants, as often as it has asked.
Signal* new_node_event(const Nodes::Event& event, const LiteralSpace& literals);

}  // namespace joist
