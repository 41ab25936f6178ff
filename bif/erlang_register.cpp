// Registered names, and which processes there are.
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/io/ports.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process_table.h"
#include "vm/sched/request.h"

namespace joist {

namespace {

// Where a process or an open port has its name; null: there is none such.
RegisteredName* place_of_name(const Process& p, Term owner) {
  if (owner.is_local_port()) {
    Port* port = p.runtime->ports->find(owner);
    return port != nullptr && port->is_open() ? &port->registered_name : nullptr;
  }
  Process* process = p.runtime->processes->find(owner);
  return process != nullptr ? &process->registered_name : nullptr;
}

// One that ends keeps its name for a while (vm/sched/exit.cpp), but gets none.
bool is_ending(const Process& p, Term owner) {
  Process* process = owner.is_local_pid() ? p.runtime->processes->find(owner) : nullptr;
  return process != nullptr && std::atomic_ref(process->is_exiting).load(std::memory_order_relaxed);
}

// {What, Name}
void on_event(Process& receiver, Signal& signal) {
  const std::span<const Term> event = tuple_elements(signal.value);
  if (!receiver.is_exiting && (receiver.trace_flags & trace_flag::kProcs) != 0) {
    receiver.runtime->trace->about_process(receiver, event[0], event[1]);
  }
}

// The tracers of whoever has got or lost a name.
void tell_tracer(Process& p, Term owner, Term what, Term name) {
  const TraceHook* trace = p.runtime->trace;
  if (trace == nullptr || !trace->is_used || !owner.is_local_pid()) return;
  if (owner == p.pid) {
    if ((p.trace_flags & trace_flag::kProcs) != 0) p.runtime->trace->about_process(p, what, name);
  } else {
    Allocator scratch;
    send_request(p, owner, on_event, make_tuple(scratch, {what, name}));
  }
}

Term register_2(Process& p, Term name, Term owner) {
  if (!name.is_atom() || name == atoms::undefined) return p.badarg(atoms::none);
  if (!owner.is_local_pid() && !owner.is_local_port()) return p.badarg();
  NameTable& names = *p.runtime->names;
  RegisteredName* place = place_of_name(p, owner);
  if (place == nullptr || is_ending(p, owner)) return p.badarg(atoms::notalive);
  if (!place->claim(name)) return p.badarg(atoms::registered_name);
  if (!names.add(name, owner)) {
    place->release(name);
    return p.badarg(atoms::none);
  }
  tell_tracer(p, owner, atoms::register_, name);
  // The owner may have ended meanwhile, without having seen the entry.
  if (!(place->get() == name)) names.remove(name, owner);
  return atoms::true_;
}

Term unregister_1(Process& p, Term name) {
  if (!name.is_atom()) return p.badarg();
  NameTable& names = *p.runtime->names;
  const Term owner = names.find(name);
  if (owner.is_none() || !names.remove(name, owner)) return p.badarg();
  if (RegisteredName* place = place_of_name(p, owner)) place->release(name);
  tell_tracer(p, owner, atoms::unregister, name);
  return atoms::true_;
}

Term whereis_1(Process& p, Term name) {
  if (!name.is_atom()) return p.badarg();
  const Term owner = p.runtime->names->find(name);
  return owner.is_none() ? Term(atoms::undefined) : owner;
}

Term registered_0(Process& p) {
  Term list = Term::nil();
  for (Term name : p.runtime->names->names()) list = make_cons(p.heap, name, list);
  return list;
}

Term processes_0(Process& p) {
  ListBuilder list(p.heap);
  size_t slot = 0;
  while (const Process* process = p.runtime->processes->next(&slot)) {
    list.add(process->pid);
    p.charge(1);
  }
  return list.finish();
}

// OTP 28: {Slot, [Pid]} with some of the processes from that slot of the table on, or none at its
// end.
Term processes_next_1(Process& p, Term from) {
  constexpr size_t kAtOnce = 64;
  if (!from.is_small() || from.small_value() < 0) return p.badarg();
  auto slot = static_cast<size_t>(from.small_value());
  ListBuilder list(p.heap);
  size_t count = 0;
  while (count < kAtOnce) {
    const Process* process = p.runtime->processes->next(&slot);
    if (process == nullptr) break;
    list.add(process->pid);
    ++count;
  }
  p.charge(static_cast<int64_t>(count));
  if (count == 0) return atoms::none;
  return make_tuple(p.heap, {Term::small(static_cast<int64_t>(slot)), list.finish()});
}

constexpr NativeEntry kRegisterNatives[] = {
    {"erlang", "register", native<register_2>},
    {"erlang", "unregister", native<unregister_1>},
    {"erlang", "whereis", native<whereis_1>},
    {"erlang", "registered", native<registered_0>},
    {"erlang", "processes", native<processes_0>},
    {"erts_internal", "processes_next", native<processes_next_1>},
};

}  // namespace

std::span<const NativeEntry> register_natives() { return kRegisterNatives; }

}  // namespace joist
