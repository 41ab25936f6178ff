// Sending signals: find the receiver, push, wake it if it sleeps.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// All take the sender, the process that runs on the calling thread; the signal is theirs.

// False: there is no such process (any more); the signal is released.
bool deliver(Process& sender, Term pid, Signal* signal);
// The same to a process whose record the caller has found in the table.
bool deliver(Process& sender, Process& receiver, Signal* signal);
// The same without a process as sender (a timer, a port): on behalf of that scheduler, or kNone.
bool deliver(const Runtime& runtime, uint32_t scheduler, Term pid, Signal* signal);

enum class SendResult : uint8_t {
  kSent,         // or there is nobody to get it, which the sender is not told
  kBadReceiver,  // badarg: no pid, port, alias or name in use
  kRemote,       // on another node, to which there is no connection
};
// What `Receiver ! Message` does: to a pid, a name, {Name, Node} or an alias.
SendResult send(Process& sender, Term receiver, Term message);

// A message with a copy of `message`; false: no such process.
bool send_message(Process& sender, Term pid, Term message);

}  // namespace joist
