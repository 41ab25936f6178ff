// erl_nif.h: environments, processes, ports, messages, scheduling.
#include <cstring>

#include "vm/base/config.h"
#include "vm/codec/iolist.h"
#include "vm/heap/builder.h"
#include "vm/nif/interface.h"
#include "vm/nif/library.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/dirty_call.h"
#include "vm/sched/port_receiver.h"
#include "vm/sched/schedulers.h"

using namespace joist;

namespace {

Runtime& the_runtime() { return NativeInterface::current()->runtime(); }

bool is_alive(Term pid) {
  const ReaderScope reader;
  const Process* process = the_runtime().processes->find(pid);
  return process != nullptr && !process->is_exiting && !process->signals.is_closed();
}

// Whether a dirty native goes on after the end of its process, which sends nothing any more.
bool outlives_process(const NifEnv* env) {
  if (env == nullptr || env->process == nullptr || on_scheduler(*env->process)) return false;
  const uint32_t state = env->process->state.load(std::memory_order_acquire);
  return (state & process_state::kDoomed) != 0;
}

bool send_from(NifEnv* env, Term to, Term message) {
  const Runtime& runtime = the_runtime();
  const ReaderScope reader;
  if (env != nullptr && env->process != nullptr && on_scheduler(*env->process)) {
    if (runtime.processes->find(to) == nullptr) return false;
    return send(*env->process, to, message) == SendResult::kSent;
  }
  const Term sender = env != nullptr && env->process != nullptr ? env->process->pid : Term::none();
  return deliver(runtime, Schedulers::kNone, to,
                 new_signal_of(SignalKind::kMessage, sender, message, runtime.literals));
}

}  // namespace

extern "C" {

void* enif_priv_data(NifEnv* env) {
  return env->library == nullptr ? nullptr : env->library->priv_data;
}

NifEnv* enif_alloc_env() { return new OwnEnv; }
void enif_free_env(NifEnv* env) { delete static_cast<OwnEnv*>(env); }
void enif_clear_env(NifEnv* env) { static_cast<OwnEnv*>(env)->clear(); }

abi::NifPid* enif_self(NifEnv* env, abi::NifPid* pid) {
  if (env->process == nullptr) return nullptr;
  pid->pid = env->process->pid.bits();
  return pid;
}
int enif_get_local_pid(NifEnv*, Word term, abi::NifPid* pid) {
  if (!term_of(term).is_local_pid()) return 0;
  pid->pid = term;
  return 1;
}
void enif_set_pid_undefined(abi::NifPid* pid) { pid->pid = Term(atoms::undefined).bits(); }
int enif_is_pid_undefined(const abi::NifPid* pid) {
  return pid->pid == Term(atoms::undefined).bits();
}
int enif_get_local_port(NifEnv*, Word term, abi::NifPort* port) {
  if (!term_of(term).is_local_port()) return 0;
  port->port = term;
  return 1;
}

int enif_is_process_alive(NifEnv*, const abi::NifPid* pid) { return is_alive(term_of(pid->pid)); }
int enif_is_current_process_alive(NifEnv* env) {
  if (env->process == nullptr) return 0;
  const uint32_t state = env->process->state.load(std::memory_order_acquire);
  return (state & process_state::kDoomed) == 0 && !env->process->is_exiting;
}
int enif_is_port_alive(NifEnv*, const abi::NifPort* port) {
  const ReaderScope reader;
  return the_runtime().port_receiver->is_open(term_of(port->port));
}
int enif_whereis_pid(NifEnv* env, Word name, abi::NifPid* pid) {
  if (!term_of(name).is_atom() || outlives_process(env)) return 0;
  const ReaderScope reader;
  const Term found = the_runtime().names->find(term_of(name));
  if (!found.is_local_pid()) return 0;
  pid->pid = found.bits();
  return 1;
}
int enif_whereis_port(NifEnv* env, Word name, abi::NifPort* port) {
  if (!term_of(name).is_atom() || outlives_process(env)) return 0;
  const ReaderScope reader;
  const Term found = the_runtime().names->find(term_of(name));
  if (!found.is_local_port()) return 0;
  port->port = found.bits();
  return 1;
}

// The terms of a message's own environment are gone once it is sent.
int enif_send(NifEnv* env, const abi::NifPid* to, NifEnv* message_env, Word message) {
  const Term pid = term_of(to->pid);
  if (!pid.is_local_pid() || outlives_process(env) || !send_from(env, pid, term_of(message)))
    return 0;
  if (message_env != nullptr) static_cast<OwnEnv*>(message_env)->clear();
  return 1;
}

int enif_port_command(NifEnv* env, const abi::NifPort* to, NifEnv* message_env, Word message) {
  IolistBytes bytes;
  if (outlives_process(env) || !bytes.load(term_of(message))) return 0;
  const ReaderScope reader;
  PortReceiver& ports = *the_runtime().port_receiver;
  if (!ports.command(Schedulers::kNone, term_of(to->port), bytes.bytes())) return 0;
  if (message_env != nullptr) static_cast<OwnEnv*>(message_env)->clear();
  return 1;
}

// --- scheduling ---

int enif_consume_timeslice(NifEnv* env, int percent) {
  if (env->process == nullptr || !on_scheduler(*env->process)) return 0;
  env->process->charge(kReductionsPerSlice * std::min(std::max(percent, 1), 100) / 100);
  return env->process->out_of_budget();
}

Word enif_schedule_nif(NifEnv* env, const char* name, int flags, abi::NifFunction function,
                       int count, const Word* arguments) {
  const std::optional<Term> atom = make_atom(name);
  const bool sound = atom && count >= 0 && count <= 255 && env->entry != nullptr && flags >= 0 &&
                     flags <= 2;  // not both
  if (!sound) return env->raise(atoms::badarg);
  const Mfa mfa{env->entry->mfa.module, *atom, static_cast<uint32_t>(count)};
  auto call = std::make_unique<ScheduledCall>();
  call->entry = NativeInterface::current()->libraries().scheduled_entry(
      *env->library, mfa, function, static_cast<unsigned>(flags), env->entry->target());
  for (int i = 0; i < count; ++i) call->arguments.push_back(term_of(arguments[i]));
  env->scheduled = std::move(call);
  return Term::none().bits();
}

}  // extern "C"
