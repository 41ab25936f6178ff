// What a process is asked to do for others between its instructions: erlang:garbage_collect/2 and
// erlang:check_process_code/3 end in erts_internal:request_system_task/3.
//
// A task's value is {Requester, RequestId, Argument}; the answer {Task, RequestId, Result} goes to
// the requester.
#include "vm/sched/system_task.h"
#include "bif/registry.h"
#include "bif/spawn_options.h"
#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_table.h"
#include "vm/proc/stack_trace.h"
#include "vm/sched/deliver.h"
#include "vm/sched/request.h"

namespace joist {

namespace {

void tell_requester(Process& p, Term requester, Term task, Term id, Term result) {
  Allocator scratch;
  send_message(p, requester, make_tuple(scratch, {task, id, result}));
}

void tell_requester(Process& p, const Signal& task, Term name, bool result) {
  const std::span<const Term> parts = request_arguments(task);
  tell_requester(p, parts[0], name, parts[1], boolean(result));
}

// Whether it would return to the instance of the module that is to go, or is in it. Funs call
// through entries that outlive modules; literals live as long as somebody refers to them.
bool uses_old_code(const Process& p, Term name) {
  const CodeTable& code = *p.runtime->code;
  const Module* module = code.leaving_module(name);
  if (module == nullptr) return false;
  if (module->contains(p.code_pointer)) return true;
  // On its way through a function of the module's library.
  const ExportEntry* stub = p.code_pointer == nullptr ? nullptr : code.find_stub(p.code_pointer);
  if (stub != nullptr && module->contains(stub->target())) return true;
  for (const Word* slot = p.heap.limit; slot < p.heap.end; ++slot) {
    const Term term = Term::from_bits(*slot);
    const Cell* address = nullptr;
    if (is_return_word(*slot)) {
      address = reinterpret_cast<const Cell*>(*slot - 8);  // within the calling instruction
    } else if (term.is_catch()) {
      address = reinterpret_cast<const Cell*>(term.payload());
    }
    if (address != nullptr && module->contains(address)) return true;
  }
  return false;
}

bool tell_collected(Process& p, const Signal& task) {
  tell_requester(p, task, atoms::garbage_collect, !p.is_exiting);
  return true;
}

bool do_garbage_collect(Process& p, const Signal& task) {
  const bool is_major = request_arguments(task)[2] == atoms::major;
  if (!p.is_exiting && p.suspended != nullptr) {  // the native it is in must be over first
    p.heap.request(is_major ? Collection::kFull : Collection::kMinor);
    tell_requester(p, task, atoms::garbage_collect, true);
    return true;
  }
  const bool alive =
      !p.is_exiting && p.collect_gc(0, p.live, is_major ? Collection::kFull : Collection::kMinor);
  if (alive && p.due_collection != DueCollection::kNone) {  // it has been put off
    leave_to_dirty(p, tell_collected, task);
    return true;
  }
  tell_requester(p, task, atoms::garbage_collect, alive);
  return alive || p.is_exiting;
}

bool do_check_process_code(Process& p, const Signal& task) {
  const bool uses = !p.is_exiting && uses_old_code(p, request_arguments(task)[2]);
  tell_requester(p, task, atoms::check_process_code, uses);
  return true;
}

// For tests: nothing but the answer.
bool do_nothing(Process& p, const Signal& task) {
  tell_requester(p, task, must_atom("system_task_test"), true);
  return true;
}

template <SystemTask kTask>
void request_task(Process& p, Signal& signal) {
  constexpr bool kIsCollection = kTask == do_garbage_collect;
  add_system_task(p, kTask, static_cast<Priority>(signal.detail), signal.sender, signal.value,
                  kIsCollection);
}

// While a dirty thread runs a native for it, the process does no tasks; its stack can be looked at
// all the same.
void check_code_or_request(Process& p, Signal& signal) {
  const bool is_dirty = (p.state.load(std::memory_order_acquire) & process_state::kDirty) != 0;
  if (!is_dirty) return request_task<do_check_process_code>(p, signal);
  const std::span<const Term> parts = request_arguments(signal);
  const bool uses = !p.is_exiting && uses_old_code(p, parts[2]);
  Allocator scratch;
  const Term message = make_tuple(scratch, {atoms::check_process_code, parts[1], boolean(uses)});
  deliver(p, parts[0], new_signal_of(SignalKind::kMessage, p.pid, message, p.runtime->literals));
}

// The handler of a request; null: no such task, or a bad argument.
Signal::Request task_handler(Term name, Term argument) {
  if (name == atoms::garbage_collect && (argument == atoms::major || argument == atoms::minor)) {
    return request_task<do_garbage_collect>;
  }
  if (name == atoms::check_process_code && argument.is_atom()) {
    return check_code_or_request;
  }
  if (name.is_atom() && argument.is_nil() && atom_text(name) == "system_task_test") {
    return request_task<do_nothing>;
  }
  return nullptr;
}

Term request_system_task_4(Process& p, Term requester, Term target, Term priority, Term request) {
  Priority wanted = p.priority;
  if (!requester.is_local_pid() || !target.is_local_pid()) return p.badarg();
  if (!(priority == atoms::inherit) && !parse_priority(priority, &wanted)) return p.badarg();
  if (!is_tuple(request) || tuple_size(request) < 2) return p.badarg();
  const std::span<const Term> parts = tuple_elements(request);
  const Term argument = parts.size() == 2 ? Term::nil() : parts[2];
  const Signal::Request handler = parts.size() <= 3 ? task_handler(parts[0], argument) : nullptr;
  if (handler == nullptr) return p.badarg();
  const Term value = make_tuple(p.heap, {requester, parts[1], argument});
  const auto detail = static_cast<uint32_t>(wanted);
  const bool only_looks = handler == check_code_or_request;
  const SignalKind kind = only_looks ? SignalKind::kQuestion : SignalKind::kRequest;
  if (!send_request(p, target, handler, value, detail, kind, wanted)) {
    tell_requester(p, requester, parts[0], parts[1], atoms::false_);
  }
  return atoms::ok;
}

Term request_system_task_3(Process& p, Term target, Term priority, Term request) {
  return request_system_task_4(p, p.pid, target, priority, request);
}

Term check_process_code_1(Process& p, Term module) {
  return module.is_atom() ? boolean(uses_old_code(p, module)) : p.badarg();
}

// --- dirty natives: their processes handle signals without help (vm/engine/dirty.h) ---

Term is_process_executing_dirty_1(Process& p, Term pid) {
  if (!is_pid(pid)) return p.badarg();
  const Process* other = pid.is_local_pid() ? p.runtime->processes->find(pid) : nullptr;
  return boolean(other != nullptr && (other->state.load() & process_state::kDirty) != 0);
}

Term check_dirty_process_code_2(Process& p, Term pid, Term module) {
  return pid.is_local_pid() && module.is_atom() ? Term(atoms::normal) : p.badarg();
}

Term dirty_process_handle_signals_1(Process&, Term pid) {
  return pid.is_local_pid() ? atoms::normal : atoms::false_;
}

constexpr NativeEntry kSystemTaskNatives[] = {
    {"erts_internal", "check_dirty_process_code", native<check_dirty_process_code_2>},
    {"erts_internal", "check_process_code", native<check_process_code_1>},
    {"erts_internal", "dirty_process_handle_signals", native<dirty_process_handle_signals_1>},
    {"erts_internal", "is_process_executing_dirty", native<is_process_executing_dirty_1>},
    {"erts_internal", "request_system_task", native<request_system_task_3>},
    {"erts_internal", "request_system_task", native<request_system_task_4>},
};

}  // namespace

std::span<const NativeEntry> system_task_natives() { return kSystemTaskNatives; }

}  // namespace joist
