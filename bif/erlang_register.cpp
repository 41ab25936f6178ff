// Registered names, and which processes there are.
#include <algorithm>
#include <memory>
#include <ranges>
#include <vector>

#include "bif/registry.h"
#include "bif/step_budget.h"
#include "vm/heap/builder.h"
#include "vm/heap/retired_literals.h"
#include "vm/io/ports.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process_table.h"
#include "vm/sched/request.h"
#include "vm/sched/stand_in.h"

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

// One that has ended while its native goes on is there for nobody but the literals' collector: the
// native may be using some.
bool is_there(const Process& p, Term pid) {
  const Process* process = p.runtime->processes->find(pid);
  return process == nullptr || !has_ended_aside(*process) ||
         p.pid == p.runtime->retired_literals->collector();
}

constexpr size_t kSlotsPerReduction = 25;

// processes/0 where it takes more than a slice.
class Listing final : public SuspendedNative {
 public:
  explicit Listing(ProcessTable& table) : census_(table) {}

  // False: the slice is used up.
  bool go_on(Process& p) {
    if (!has_census_) has_census_ = take_census(p);
    return has_census_ && list_pids(p);
  }
  Term list() const { return list_; }

 private:
  bool take_census(Process& p);
  bool list_pids(Process& p);

  ProcessTable::Census census_;
  bool has_census_ = false;
  Term list_ = Term::nil();
};

bool Listing::take_census(Process& p) {
  constexpr size_t kSlotsAtOnce = 1000;  // nobody can be spawned or end meanwhile
  while (true) {
    p.charge(static_cast<int64_t>(std::min(kSlotsAtOnce, census_.slots()) / kSlotsPerReduction));
    if (census_.go_on(kSlotsAtOnce)) return true;
    if (p.out_of_budget()) return false;
  }
}

bool Listing::list_pids(Process& p) {
  StepBudget budget(p);
  std::vector<Term>& pids = census_.pids();
  while (!pids.empty()) {
    if (!budget.spend()) return false;
    if (is_there(p, pids.back())) list_ = make_cons(p.heap, pids.back(), list_);
    pids.pop_back();
  }
  return true;
}

// none(): there may be more than a slice is enough for.
Term list_at_once(Process& p, ProcessTable& table) {
  ProcessTable::Census census(table);
  const auto cost = static_cast<int64_t>(table.count() / kCellsPerReduction +
                                         census.slots() / kSlotsPerReduction);
  if (cost >= p.reductions) return Term::none();
  census.go_on(census.slots());
  Term list = Term::nil();
  for (const Term pid : std::views::reverse(census.pids())) {
    if (is_there(p, pid)) list = make_cons(p.heap, pid, list);
  }
  p.charge(cost);
  return list;
}

Term processes_0(Process& p) {
  ProcessTable& table = *p.runtime->processes;
  auto listing = p.resume<Listing>();
  if (listing == nullptr) {
    const Term list = list_at_once(p, table);
    if (!list.is_none()) return list;
    listing = std::make_unique<Listing>(table);
  }
  if (!listing->go_on(p)) return p.suspend(std::move(listing), {});
  return listing->list();
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
    if (is_there(p, process->pid)) list.add(process->pid);
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
