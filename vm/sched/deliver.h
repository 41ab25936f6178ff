// Sending signals: find the receiver, push, wake it if it sleeps.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// All take the sender, the process that runs on the calling thread; the signal is theirs.

// False: there is no such process or port (any more); the signal is released.
bool deliver(Process& sender, Term pid, Signal* signal);
// The same to a process whose record the caller has found in the table.
bool deliver(Process& sender, Process& receiver, Signal* signal);
// The same without a process as sender (a timer, a port): on behalf of that scheduler, or kNone.
bool deliver(const Runtime& runtime, uint32_t scheduler, Term pid, Signal* signal);

enum class SendResult : uint8_t {
  kSent,         // or there is nobody to get it, which the sender is not told
  kBadReceiver,  // badarg: no pid, port, alias or name in use
  kRemote,       // on another node, to which there is no connection
  kBusy,         // a port that takes nothing now: nothing was sent
};
// Whether a sender waits for a port that is busy: then it is suspended, or the port has become free
// meanwhile, and the sender yields to try again in its next turn.
enum class WhenBusy : uint8_t { kSuspend, kRefuse };
struct SendOptions {
  WhenBusy when_busy = WhenBusy::kSuspend;
  bool connects = true;      // to another node, if there is no connection yet
  bool is_priority = false;  // for an alias that takes such
};
// What `Receiver ! Message` does: to a pid, a port, a name, {Name, Node} or an alias.
SendResult send(Process& sender, Term receiver, Term message, const SendOptions& options = {});

// A message with a copy of `message` that no code of the sender sends: it is not traced. False: no
// such process.
bool send_message(Process& sender, Term pid, Term message);
// The same for any pid. False: nothing was sent, because the copy would keep the scheduler too
// long; on a dirty thread it never would.
bool try_send_message(Process& sender, Term pid, Term message);
// Whether send() is for a dirty thread: a message to a process here that is too large.
bool is_large_send(const Process& sender, Term receiver, Term message);

}  // namespace joist
