#include "vm/sched/request.h"

#include "vm/heap/builder.h"
#include "vm/sched/deliver.h"

namespace joist {

bool send_request(Process& sender, Term pid, Signal::Request handler, Term value, uint32_t detail,
                  SignalKind kind) {
  Signal* signal = new_signal_of(kind, sender.pid, value, sender.runtime->literals);
  signal->request = handler;
  signal->detail = detail;
  return deliver(sender, pid, signal);
}

void answer_with(Process& receiver, const Signal& request, Term message) {
  // Not charged to the receiver, whose reductions may be a dirty thread's.
  deliver(receiver, request.sender,
          new_signal_of(SignalKind::kMessage, receiver.pid, message, receiver.runtime->literals));
}

void answer(Process& receiver, const Signal& request, Term result) {
  Allocator scratch;
  const Term reference = request_arguments(request)[0];
  answer_with(receiver, request, make_tuple(scratch, {reference, result}));
}

}  // namespace joist
