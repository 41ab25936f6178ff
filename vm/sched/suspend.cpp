#include "vm/sched/suspend.h"

#include "vm/heap/builder.h"
#include "vm/sched/deliver.h"
#include "vm/sched/request.h"
#include "vm/sched/system_task.h"

namespace joist {

Suspensions* suspensions_of(const Process& p) {
  return p.relations == nullptr ? nullptr : p.relations->suspensions.get();
}

namespace {

// --- what the suspender is told ---

void on_active(Process& suspender, Signal& signal) {
  Suspensions* known = suspensions_of(suspender);
  if (known == nullptr) return;
  const auto found = known->suspending.find(signal.sender.bits());
  if (found != known->suspending.end()) found->second.active = true;
}

void on_gone(Process& suspender, Signal& signal) {
  Suspensions* known = suspensions_of(suspender);
  if (known != nullptr) known->suspending.erase(signal.sender.bits());
}

// --- what the suspended process does, as tasks: it may be running when it is told ---

bool do_suspend(Process& p, const Signal& task) {
  if (p.is_exiting) {
    send_request(p, task.sender, on_gone, Term::nil());
  } else if (p.make_relations().make_suspensions().suspenders.insert(task.sender.bits()).second) {
    ++p.suspend_count;
    send_request(p, task.sender, on_active, Term::nil());
  }
  return true;
}

bool do_resume(Process& p, const Signal& task) {
  Suspensions* known = suspensions_of(p);
  if (known != nullptr && known->suspenders.erase(task.sender.bits()) != 0) --p.suspend_count;
  return true;
}

Term state_of(const Process& p, Term suspended, bool synchronous) {
  if (p.is_exiting) return synchronous ? atoms::badarg : atoms::exited;
  if (p.suspend_count != 0) return suspended;
  return synchronous ? atoms::internal_error : atoms::not_suspended;
}

// {Tag, State when suspended, Synchronous}
bool do_ask(Process& p, const Signal& task) {
  const std::span<const Term> ask = request_arguments(task);
  answer(p, task, state_of(p, ask[1], ask[2] == atoms::true_));
  return true;
}

template <SystemTask kTask>
void request_task(Process& p, Signal& signal) {
  add_system_task(p, kTask, Priority::kMax, signal.sender, signal.value);
}

// At once, so that what the resumer asks next finds it so; unless its suspending is a task that
// still waits.
void on_resume(Process& p, Signal& signal) {
  const Suspensions* known = suspensions_of(p);
  if (known != nullptr && known->suspenders.contains(signal.sender.bits())) {
    do_resume(p, signal);
  } else {
    request_task<do_resume>(p, signal);
  }
}

}  // namespace

Suspension* suspend(Process& p, Term pid) {
  if (!send_request(p, pid, request_task<do_suspend>, Term::nil())) return nullptr;
  return &p.make_relations().make_suspensions().suspending[pid.bits()];
}

void ask_suspended(Process& p, Term pid, Term tag, Term result, bool synchronous) {
  Allocator scratch;
  const Term ask = make_tuple(scratch, {tag, result, boolean(synchronous)});
  if (send_request(p, pid, request_task<do_ask>, ask)) return;
  send_message(p, p.pid, make_tuple(scratch, {tag, atoms::badarg}));
}

bool resume(Process& p, Term pid) {
  Suspensions* known = suspensions_of(p);
  if (known == nullptr) return false;
  const auto found = known->suspending.find(pid.bits());
  if (found == known->suspending.end()) return false;
  if (--found->second.count == 0) {
    known->suspending.erase(found);
    send_request(p, pid, on_resume, Term::nil());
  }
  return true;
}

bool end_suspensions(Process& p) {
  const Suspensions* known = suspensions_of(p);
  if (known == nullptr) return true;
  for (const auto& [pid, suspension] : known->suspending) {
    send_request(p, Term::from_bits(pid), on_resume, Term::nil());
    p.charge(1);
  }
  for (const Word pid : known->suspenders) {
    send_request(p, Term::from_bits(pid), on_gone, Term::nil());
    p.charge(1);
  }
  p.relations->suspensions.reset();
  return true;
}

}  // namespace joist
