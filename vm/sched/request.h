// Questions that one process asks another: a signal whose handler runs on the receiver's behalf, in
// order with the other signals of the sender, and answers with a message.
//
//   asker                                    receiver
//   send_request: kRequest {Ref, Args}  ->   handler(receiver, signal)
//   receive {Ref, Result}               <-   answer(receiver, signal, Result)
//
// The handler of a request to a process that has ended runs as well, on behalf of what is left of
// it: is_exiting tells.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// False: there is no such process, and nobody will answer. `kind`: kRequest, or kQuestion when the
// handler keeps to what a dirty native leaves alone (vm/engine/dirty.h).
bool send_request(Process& sender, Term pid, Signal::Request handler, Term value,
                  uint32_t detail = 0, SignalKind kind = SignalKind::kRequest);
// The same with a priority other than the sender's at which the receiver is to look at it.
bool send_request(Process& sender, Term pid, Signal::Request handler, Term value, uint32_t detail,
                  SignalKind kind, Priority priority);
// Sends `message`, which may consist of terms of the receiver, to whoever asked.
void answer_with(Process& receiver, const Signal& request, Term message);
// The same with {Ref, Result}, when the request's value is a tuple that begins with Ref.
void answer(Process& receiver, const Signal& request, Term result);

inline std::span<const Term> request_arguments(const Signal& request) {
  return tuple_elements(request.value);
}

}  // namespace joist
