#include "vm/sched/request.h"

#include "vm/heap/builder.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"

namespace joist {

namespace {

// Has the process handle its signals no later than one of that priority would run.
void elevate_receiver(Process& sender, Term pid, Priority priority) {
  if (priority >= Priority::kNormal) return;
  Process* receiver = sender.runtime->processes->find(pid);
  if (receiver != nullptr) sender.runtime->schedulers->elevate(*receiver, priority);
}

}  // namespace

bool send_request(Process& sender, Term pid, Signal::Request handler, Term value, uint32_t detail,
                  SignalKind kind) {
  return send_request(sender, pid, handler, value, detail, kind, sender.priority);
}

bool send_request(Process& sender, Term pid, Signal::Request handler, Term value, uint32_t detail,
                  SignalKind kind, Priority priority) {
  Signal* signal = new_signal_of(kind, sender.pid, value, sender.runtime->literals);
  signal->request = handler;
  signal->detail = detail;
  if (!deliver(sender, pid, signal)) return false;
  elevate_receiver(sender, pid, priority);
  return true;
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
