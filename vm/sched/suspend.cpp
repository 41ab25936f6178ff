#include "vm/sched/suspend.h"

#include "vm/heap/builder.h"
#include "vm/sched/deliver.h"
#include "vm/sched/request.h"
#include "vm/sched/system_task.h"

namespace joist {

namespace {

// --- what the suspender is told ---

void on_active(Process& suspender, Signal& signal) {
  if (suspender.relations == nullptr) return;
  auto& suspending = suspender.relations->suspending;
  const auto found = suspending.find(signal.sender.bits());
  if (found != suspending.end()) found->second.active = true;
}

void on_gone(Process& suspender, Signal& signal) {
  if (suspender.relations != nullptr) suspender.relations->suspending.erase(signal.sender.bits());
}

// --- what the suspended process does, as tasks: it may be running when it is told ---

bool do_suspend(Process& p, const Signal& task) {
  if (p.is_exiting) {
    send_request(p, task.sender, on_gone, Term::nil());
  } else if (p.make_relations().suspenders.insert(task.sender.bits()).second) {
    ++p.suspend_count;
    send_request(p, task.sender, on_active, Term::nil());
  }
  return true;
}

bool do_resume(Process& p, const Signal& task) {
  if (p.relations != nullptr && p.relations->suspenders.erase(task.sender.bits()) != 0) {
    --p.suspend_count;
  }
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
  if (p.relations != nullptr && p.relations->suspenders.contains(signal.sender.bits())) {
    do_resume(p, signal);
  } else {
    request_task<do_resume>(p, signal);
  }
}

}  // namespace

Suspension* suspend(Process& p, Term pid) {
  if (!send_request(p, pid, request_task<do_suspend>, Term::nil())) return nullptr;
  return &p.make_relations().suspending[pid.bits()];
}

void ask_suspended(Process& p, Term pid, Term tag, Term result, bool synchronous) {
  Allocator scratch;
  const Term ask = make_tuple(scratch, {tag, result, boolean(synchronous)});
  if (send_request(p, pid, request_task<do_ask>, ask)) return;
  send_message(p, p.pid, make_tuple(scratch, {tag, atoms::badarg}));
}

bool resume(Process& p, Term pid) {
  if (p.relations == nullptr) return false;
  auto& suspending = p.relations->suspending;
  const auto found = suspending.find(pid.bits());
  if (found == suspending.end()) return false;
  if (--found->second.count == 0) {
    suspending.erase(found);
    send_request(p, pid, on_resume, Term::nil());
  }
  return true;
}

bool end_suspensions(Process& p) {
  if (p.relations == nullptr) return true;
  for (const auto& [pid, suspension] : p.relations->suspending) {
    send_request(p, Term::from_bits(pid), on_resume, Term::nil());
    p.charge(1);
  }
  for (const Word pid : p.relations->suspenders) {
    send_request(p, Term::from_bits(pid), on_gone, Term::nil());
    p.charge(1);
  }
  p.relations->suspending.clear();
  p.relations->suspenders.clear();
  return true;
}

}  // namespace joist
