#include "vm/sched/request.h"

#include "vm/heap/builder.h"
#include "vm/sched/deliver.h"

namespace joist {

bool send_request(Process& sender, Term pid, Signal::Request handler, Term value, uint32_t detail) {
  Signal* signal = new_signal_of(SignalKind::kRequest, sender.pid, value, sender.runtime->literals);
  signal->request = handler;
  signal->detail = detail;
  return deliver(sender, pid, signal);
}

void answer_with(Process& receiver, const Signal& request, Term message) {
  send_message(receiver, request.sender, message);
}

void answer(Process& receiver, const Signal& request, Term result) {
  Allocator scratch;
  const Term reference = request_arguments(request)[0];
  answer_with(receiver, request, make_tuple(scratch, {reference, result}));
}

}  // namespace joist
