// What a message from another node does here (erts documentation, "Distribution Protocol",
// "Protocol between Connected Nodes").
#pragma once

#include "vm/dist/nodes.h"

namespace joist {

// False: the message makes no sense.
bool receive_message(const Line& line, const IncomingMessage& message);

}  // namespace joist
