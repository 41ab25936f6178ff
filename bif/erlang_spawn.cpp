// spawn/3, spawn_link/3, spawn_opt/4 and erts_internal:spawn_request/4; the other forms are
// Erlang code that ends in these.
#include "bif/registry.h"
#include "bif/spawn_options.h"
#include "vm/code/code_table.h"
#include "vm/code/fun_call.h"
#include "vm/dist/relations.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/os/memory_count.h"
#include "vm/proc/process_extras.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/system_logger.h"

namespace joist {

namespace {

constexpr int64_t kSpawnReductions = 8;
// The first block of a process that asks for no particular size. OTP's min_heap_size is what its
// first collection gives it; most processes of a large population wait with less.
constexpr size_t kFirstHeapWords = 128;

// The length of a proper list; nullopt for anything else.
std::optional<uint32_t> list_length(Term list) {
  uint32_t length = 0;
  for (; list.is_list(); list = list.tail()) ++length;
  return list.is_nil() ? std::optional(length) : std::nullopt;
}

void set_arguments(Process& child, Term arguments, uint32_t arity, OwnedSignal copy) {
  Term* saved = child.reserve_saved(arity);
  if (copy != nullptr) {
    arguments = copy->value;
    for (uint32_t i = 0; i < arity; ++i, arguments = arguments.tail()) saved[i] = arguments.head();
    return child.adopt_message(copy.release());
  }
  for (uint32_t i = 0; i < arity; ++i, arguments = arguments.tail()) {
    saved[i] = copy_term(child.heap, arguments.head(), child.runtime->literals);
  }
}

Term relate(Process& p, Process& child, const SpawnOptions& options) {
  if (options.link) {
    p.make_relations().links[child.pid.bits()].is_priority = options.is_priority_link;
    child.make_relations().links[p.pid.bits()] = {};
  }
  if (!options.monitor) return Term::none();
  const Term reference = new_monitor_reference(p, options.monitor_options);
  const uint64_t id = reference_id(reference);
  Signal* tag = nullptr;
  if (!options.monitor_options.tag.is_none()) {
    tag = new_signal_of(SignalKind::kMarker, p.pid, options.monitor_options.tag, nullptr);
  }
  p.make_relations().monitors[id] = {
      MonitorKind::kProcess, child.pid, Term::none(),
      Term::none(),          tag,       options.monitor_options.is_priority};
  child.make_relations().watchers[id] = {p.pid, Term::none()};
  return reference;
}

void drop(Process* child) {
  count_memory(MemoryUse::kProcesses, -static_cast<int64_t>(sizeof(Process)));
  delete child;
}

}  // namespace

Process* make_child(Runtime& runtime, const Ancestor& ancestor, const Mfa& function, Term arguments,
                    const SpawnOptions& options, OwnedSignal copy) {
  auto* child = new Process;
  count_memory(MemoryUse::kProcesses, sizeof(Process));
  child->runtime = &runtime;
  const bool small = options.heap.min_heap_words == HeapOptions().min_heap_words;
  if (!child->heap.create(options.heap, runtime.literals, small ? kFirstHeapWords : 0)) {
    drop(child);
    return nullptr;
  }
  child->priority = options.priority;
  child->flags.message_queue_data = options.message_queue_data;
  child->flags.async_dist = options.async_dist;
  child->group_leader = copy_term(child->heap, ancestor.group_leader, runtime.literals);
  child->parent = copy_term(child->heap, ancestor.pid, runtime.literals);
  child->initial_call = function;
  child->scheduler = ancestor.scheduler;
  if (options.scheduler != kAnyScheduler) child->make_extras().bound_to = options.scheduler;
  set_arguments(*child, arguments, function.arity, std::move(copy));
  runtime.prepare_start(*child, runtime.code->export_entry(function));
  // Its own scheduler's from the first moment: signals that come early do not queue it twice.
  child->state.store(process_state::kScheduled, std::memory_order_relaxed);
  if (!runtime.processes->add(*child)) {
    drop(child);
    return nullptr;
  }
  return child;
}

Spawned make_process(Process& p, const Mfa& function, Term arguments, const SpawnOptions& options,
                     OwnedSignal copy) {
  const Ancestor ancestor = {p.pid, p.group_leader, p.scheduler};
  const TraceHook* trace = p.runtime->trace;
  const bool is_traced = p.trace_flags != 0 || (trace != nullptr && trace->traces_new_processes);
  Process* child = make_child(*p.runtime, ancestor, function, arguments, options, std::move(copy));
  if (child == nullptr) {
    p.runtime->logger->report_error(p, "Too many processes\n");
    return {nullptr, atoms::system_limit};
  }
  if (is_traced) [[unlikely]] {
    p.runtime->trace->spawning(p, *child, options.link);
    p.runtime->trace->spawned(p, *child, arguments, options.link);
  }
  const Term monitor = relate(p, *child, options);
  p.charge(kSpawnReductions);
  return {child, Term::none(), monitor};
}

void start_spawned(Process& p, Process& child) {
  p.runtime->schedulers->enqueue(child, p.registers->scheduler);
}

namespace {

// True: the native is done for now, because its arguments for the child are large: a dirty thread
// copies them, or has been asked to.
bool copies_elsewhere(Process& p, Term arguments, std::initializer_list<Term> given,
                      OwnedSignal* copy) {
  const LiteralSpace* literals = p.runtime->literals;
  if (!on_scheduler(p)) {
    keep_copy(p, new_signal_of(SignalKind::kMarker, p.pid, arguments, nullptr));
    return true;
  }
  if (p.suspended != nullptr) {
    *copy = take_copy(p);
    return false;
  }
  if (copy_size_up_to(arguments, literals, kLargeTermWords) != kMoreWords) return false;
  hand_to_dirty(p, given);
  return true;
}

Term spawn_with(Process& p, Term module, Term function, Term arguments, const SpawnOptions& options,
                OwnedSignal copy) {
  const std::optional<uint32_t> arity = list_length(arguments);
  if (!module.is_atom() || !function.is_atom() || !arity) return p.badarg();
  if (*arity > kMaxAppliedArguments) return p.system_limit();
  const Spawned spawned =
      make_process(p, {module, function, *arity}, arguments, options, std::move(copy));
  if (spawned.process == nullptr) return p.error(spawned.error);
  const Term pid = spawned.process->pid;
  start_spawned(p, *spawned.process);
  return spawned.monitor.is_none() ? pid : make_tuple(p.heap, {pid, spawned.monitor});
}

Term spawn_3(Process& p, Term module, Term function, Term arguments) {
  OwnedSignal copy;
  if (copies_elsewhere(p, arguments, {module, function, arguments}, &copy)) return Term::none();
  return spawn_with(p, module, function, arguments, default_spawn_options(p), std::move(copy));
}

Term spawn_link_3(Process& p, Term module, Term function, Term arguments) {
  OwnedSignal copy;
  if (copies_elsewhere(p, arguments, {module, function, arguments}, &copy)) return Term::none();
  SpawnOptions options = default_spawn_options(p);
  options.link = true;
  return spawn_with(p, module, function, arguments, options, std::move(copy));
}

Term spawn_opt_4(Process& p, Term module, Term function, Term arguments, Term list) {
  OwnedSignal copy;
  if (copies_elsewhere(p, arguments, {module, function, arguments, list}, &copy)) {
    return Term::none();
  }
  SpawnOptions options = default_spawn_options(p);
  switch (parse_spawn_options(*p.runtime, list, false, &options)) {
    case SpawnOptionError::kNone:
      return spawn_with(p, module, function, arguments, options, std::move(copy));
    case SpawnOptionError::kBadOption:
    case SpawnOptionError::kBadList:
      break;
  }
  return p.badarg(atoms::badopt);
}

// {Tag, RequestId, ok | error, Pid | Reason}
void reply_to_request(Process& p, const SpawnOptions& options, Term request, Term kind,
                      Term value) {
  send_message(p, p.pid, make_tuple(p.heap, {options.reply_tag, request, kind, value}));
}

// The request's id, or the atom that erlang:spawn_request/N raises badarg for. A bad option comes
// back in the reply, if there is to be one.
Term spawn_request_4(Process& p, Term module, Term function, Term arguments, Term list) {
  OwnedSignal copy;
  if (copies_elsewhere(p, arguments, {module, function, arguments, list}, &copy)) {
    return Term::none();
  }
  SpawnOptions options = default_spawn_options(p);
  const SpawnOptionError wrong = parse_spawn_options(*p.runtime, list, true, &options);
  const std::optional<uint32_t> arity = list_length(arguments);
  if (!module.is_atom() || !function.is_atom() || !arity) return atoms::badarg;
  if (wrong == SpawnOptionError::kBadList) return atoms::badopt;
  Spawned spawned = {nullptr, atoms::system_limit};
  if (wrong == SpawnOptionError::kBadOption) {
    spawned.error = atoms::badopt;
  } else if (*arity <= kMaxAppliedArguments) {
    spawned = make_process(p, {module, function, *arity}, arguments, options, std::move(copy));
  }
  Term request = spawned.monitor;
  if (request.is_none()) request = make_ref(p.heap, p.runtime->uniques.next_ref());
  if (spawned.process == nullptr) {
    if (options.reply_on_error) {
      reply_to_request(p, options, request, atoms::error, spawned.error);
    }
    return request;
  }
  if (options.reply_on_success) {
    reply_to_request(p, options, request, atoms::ok, spawned.process->pid);
  }
  start_spawned(p, *spawned.process);
  return request;
}

// A spawn of this node is done when spawn_request returns: there is nothing to abandon, but for
// the reply, which is in the message queue by then.
Term spawn_request_abandon_1(Process& p, Term request) {
  if (!is_ref(request)) return p.badarg();
  return boolean(is_kind(request, Boxed::kRef) && abandon_spawn(p, reference_id(request)));
}

// A process that is part of the emulator.
Term spawn_system_process_3(Process& p, Term module, Term function, Term arguments) {
  const std::optional<uint32_t> arity = list_length(arguments);
  if (!module.is_atom() || !function.is_atom() || !arity) return p.badarg();
  if (*arity > kMaxAppliedArguments) return p.system_limit();
  const Spawned spawned =
      make_process(p, {module, function, *arity}, arguments, default_spawn_options(p));
  if (spawned.process == nullptr) return p.error(spawned.error);
  const Term pid = spawned.process->pid;
  spawned.process->is_system = true;
  start_spawned(p, *spawned.process);
  return pid;
}

constexpr NativeEntry kSpawnNatives[] = {
    {"erlang", "spawn", native<spawn_3>},
    {"erlang", "spawn_link", native<spawn_link_3>},
    {"erlang", "spawn_opt", native<spawn_opt_4>},
    {"erts_internal", "spawn_request", native<spawn_request_4>},
    {"erts_internal", "spawn_system_process", native<spawn_system_process_3>},
    {"erlang", "spawn_request_abandon", native<spawn_request_abandon_1>},
};

}  // namespace

std::span<const NativeEntry> spawn_natives() { return kSpawnNatives; }

}  // namespace joist
