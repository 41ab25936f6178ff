// What processes do to each other by request: suspending, group leaders, asking whether one is
// alive; and how one gives up its turn (erlang:yield/0, erlang:hibernate/3).
#include "bif/process_place.h"
#include "bif/process_request.h"
#include "bif/registry.h"
#include "vm/code/code_table.h"
#include "vm/code/fun_call.h"
#include "vm/dist/relations.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/signal_handler.h"
#include "vm/sched/suspend.h"

namespace joist {

namespace {

// --- is it alive? ---

void on_alive(Process& receiver, Signal& signal) {
  answer(receiver, signal, boolean(!receiver.is_exiting));
}

// By request, since it must come after an exit signal that the asker has sent before.
Term is_process_alive_1(Process& p, Term pid) {
  if (!pid.is_local_pid()) return p.badarg();
  if (pid == p.pid) return atoms::true_;
  return ask_process(p, pid, on_alive, {}, atoms::false_, 0, SignalKind::kQuestion);
}

Term is_process_alive_2(Process& p, Term pid, Term reference) {
  if (!pid.is_local_pid() || !is_ref(reference)) return p.badarg();
  if (!send_request(p, pid, on_alive, make_tuple(p.heap, {reference}), 0, SignalKind::kQuestion)) {
    send_message(p, p.pid, make_tuple(p.heap, {reference, atoms::false_}));
  }
  return atoms::ok;
}

Term is_system_process_1(Process& p, Term pid) {
  if (!pid.is_local_pid()) return p.badarg();
  const Process* process = p.runtime->processes->find(pid);
  return boolean(process != nullptr && process->is_system);
}

// --- group leaders ---

Term group_leader_0(Process& p) { return p.group_leader; }

// {Ref, GroupLeader}
void on_group_leader(Process& receiver, Signal& signal) {
  if (receiver.is_exiting) return answer(receiver, signal, atoms::badarg);
  const Term leader = request_arguments(signal)[1];
  receiver.group_leader =
      leader.is_local_pid() ? leader : copy_term(receiver.heap, leader, receiver.runtime->literals);
  answer(receiver, signal, atoms::true_);
}

// false: erlang:group_leader/2 goes on with the other form.
Term group_leader_2(Process& p, Term leader, Term pid) {
  if (!is_pid(leader) || !is_pid(pid)) return atoms::badarg;
  if (!pid.is_local_pid()) {
    // A process of a former incarnation of this node is gone.
    if (external_node(pid)->name == local_node()->name) return atoms::badarg;
    lead_remote(p, leader, pid);
    return atoms::true_;
  }
  if (!(pid == p.pid)) return atoms::false_;
  p.group_leader = leader;
  return atoms::true_;
}

Term group_leader_3(Process& p, Term leader, Term pid, Term reference) {
  if (!is_pid(leader) || !pid.is_local_pid() || !is_ref(reference)) return p.badarg();
  // A dirty native leaves its process' leader alone, but one of another node takes the heap.
  const SignalKind kind = leader.is_local_pid() ? SignalKind::kQuestion : SignalKind::kRequest;
  if (!send_request(p, pid, on_group_leader, make_tuple(p.heap, {reference, leader}), 0, kind)) {
    send_message(p, p.pid, make_tuple(p.heap, {reference, atoms::badarg}));
  }
  return atoms::ok;
}

// --- suspending ---

struct SuspendOptions {
  bool unless_suspending = false;
  bool asynchronous = false;
  Term tag = Term::none();  // of the message that tells what became of it
};

bool parse_suspend_options(Term list, SuspendOptions* options) {
  for (; list.is_list(); list = list.tail()) {
    const Term option = list.head();
    if (option == atoms::unless_suspending) {
      options->unless_suspending = true;
    } else if (option == atoms::asynchronous) {
      options->asynchronous = true;
    } else if (is_tuple(option) && tuple_size(option) == 2 &&
               tuple_elements(option)[0] == atoms::asynchronous) {
      options->asynchronous = true;
      options->tag = tuple_elements(option)[1];
    } else {
      return false;
    }
  }
  return list.is_nil();
}

// The result, or a reference whose message brings it: erlang:suspend_process/1,2 wait for that.
Term suspend_process_2(Process& p, Term pid, Term list) {
  if (pid == p.pid || !pid.is_local_pid()) return atoms::badarg;
  SuspendOptions options;
  if (!parse_suspend_options(list, &options)) return atoms::badopt;
  auto& suspending = p.make_relations().make_suspensions().suspending;
  const auto found = suspending.find(pid.bits());
  Term result = atoms::true_;
  bool must_wait = !options.asynchronous;
  if (found == suspending.end()) {
    if (suspend(p, pid) == nullptr) {
      must_wait = false;
      if (!options.asynchronous) result = atoms::badarg;
    }
  } else {
    must_wait = must_wait && !found->second.active;
    if (options.unless_suspending) {
      result = atoms::false_;
    } else {
      ++found->second.count;
    }
  }
  if (must_wait) {
    const Term reference = make_ref(p.heap, p.runtime->uniques.next_ref());
    ask_suspended(p, pid, reference, result, true);
    return reference;
  }
  if (!options.tag.is_none()) ask_suspended(p, pid, options.tag, atoms::suspended, false);
  return result;
}

Term resume_process_1(Process& p, Term pid) {
  if (!pid.is_local_pid() || !resume(p, pid)) return p.badarg();
  return atoms::true_;
}

// --- showing a stack ---

void display_stack(const Process& p) {
  const std::string text = backtrace_text(p);
  fwrite(text.data(), 1, text.size(), stderr);
}

void on_display(Process& receiver, Signal& signal) {
  if (receiver.is_exiting) return answer(receiver, signal, atoms::badarg);
  display_stack(receiver);
  answer(receiver, signal, atoms::true_);
}

Term process_display_2(Process& p, Term pid, Term type) {
  if (!(type == atoms::backtrace)) return atoms::badopt;
  if (!pid.is_local_pid()) return atoms::badarg;
  if (pid == p.pid) {
    display_stack(p);
    return atoms::true_;
  }
  const Term reference = make_ref(p.heap, p.runtime->uniques.next_ref());
  const bool sent = send_request(p, pid, on_display, make_tuple(p.heap, {reference}));
  return sent ? reference : Term(atoms::badarg);
}

// --- giving up the turn ---

struct Yielded final : SuspendedNative {};

// What is left of the turn counts as used by nobody.
Term yield_0(Process& p) {
  if (p.resume<Yielded>() != nullptr) return atoms::true_;
  return p.suspend(std::make_unique<Yielded>(), {});
}

// Runs again each time that something has come, until that is a message.
Term hibernate_3(Process& p, Term module, Term function, Term arguments) {
  if (!module.is_atom() || !function.is_atom()) return p.badarg();
  uint32_t arity = 0;
  Term rest = arguments;
  for (; rest.is_list() && arity <= kMaxAppliedArguments; rest = rest.tail()) ++arity;
  if (arity > kMaxAppliedArguments) return p.system_limit();
  if (!rest.is_nil()) return p.badarg();
  if (!p.signals.empty()) handle_signals(p);
  if (p.is_exiting) return p.ended_by_signal();
  const CodeTable& code = *p.runtime->code;
  const bool has_no_stack = p.heap.stack_words() == 1 && code.find_stub(p.code_pointer) != nullptr;
  if (!has_no_stack || p.messages.length() == 0) {
    return p.hibernate({module, function, arguments});
  }
  const ExportEntry* entry = p.runtime->code->export_entry({module, function, arity});
  for (uint32_t i = 0; i < arity; ++i, arguments = arguments.tail()) {
    p.registers->x[i] = arguments.head();
  }
  return p.trap_to(entry->target(), arity);
}

// OTP 28 on, whose supervisors end in it: the caller goes on once there is a message.
Term hibernate_0(Process& p) {
  if (!p.signals.empty()) handle_signals(p);
  if (p.is_exiting) return p.ended_by_signal();
  return p.messages.length() == 0 ? p.rest() : atoms::ok;
}

constexpr NativeEntry kProcessControlNatives[] = {
    {"erlang", "group_leader", native<group_leader_0>},
    {"erlang", "hibernate", native<hibernate_0>},
    {"erlang", "hibernate", native<hibernate_3>},
    {"erlang", "is_process_alive", native<is_process_alive_1>},
    {"erlang", "resume_process", native<resume_process_1>},
    {"erlang", "yield", native<yield_0>},
    {"erts_internal", "group_leader", native<group_leader_2>},
    {"erts_internal", "group_leader", native<group_leader_3>},
    {"erts_internal", "is_process_alive", native<is_process_alive_2>},
    {"erts_internal", "is_system_process", native<is_system_process_1>},
    {"erts_internal", "process_display", native<process_display_2>},
    {"erts_internal", "suspend_process", native<suspend_process_2>},
};

}  // namespace

std::span<const NativeEntry> process_control_natives() { return kProcessControlNatives; }

}  // namespace joist
