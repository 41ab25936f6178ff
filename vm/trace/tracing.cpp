#include "vm/trace/tracing.h"

#include <algorithm>

#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_table.h"
#include "vm/proc/stack_trace.h"
#include "vm/proc/trap_name.h"
#include "vm/sched/deliver.h"
#include "vm/sched/system_logger.h"
#include "vm/term/node.h"
#include "vm/trace/call_tracing.h"
#include "vm/trace/event_filter.h"

namespace joist {

namespace {

ProcessTrace* trace_of(Process& p) { return p.extras == nullptr ? nullptr : p.extras->trace.get(); }

// A dirty thread leaves its process' flags alone, which others may be changing.
bool is_dirty(const Process& p) { return p.registers->thread != ThreadKind::kScheduler; }

}  // namespace

Tracing::Tracing(Runtime& runtime) : runtime_(runtime), patterns_(*runtime.code) {
  create_session(Term::nil(), Term::none());
}
Tracing::~Tracing() = default;

TraceSession* Tracing::session(uint64_t id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.get();
}

// Its references are gone: the last collection that saw one may be anybody's. No lock protects the
// map, so who destroys sessions looks at this list.
void Tracing::abandon_session(uint64_t id) {
  MutexLock lock(abandoned_mutex_);
  abandoned_.push_back(id);
}

void Tracing::destroy_abandoned() {
  std::vector<uint64_t> all;
  {
    MutexLock lock(abandoned_mutex_);
    all.swap(abandoned_);
  }
  for (const uint64_t id : all) {
    if (sessions_.contains(id)) destroy_session(id);
  }
}

TraceSession& Tracing::create_session(Term name, Term tracer) {
  destroy_abandoned();
  auto session = std::make_unique<TraceSession>();
  session->id = next_session_++;
  session->name = name;
  session->tracer = tracer;
  return *(sessions_[session->id] = std::move(session));
}

void Tracing::destroy_session(uint64_t id) {
  size_t slot = 0;
  while (Process* process = runtime_.processes->next(&slot)) {
    ProcessTrace* trace = trace_of(*process);
    if (trace == nullptr) continue;
    std::erase_if(trace->refs, [id](const ProcessTrace::Ref& ref) { return ref.session == id; });
    refresh_flags(*process);
  }
  patterns_.clear_session(id);
  sessions_.erase(id);
  new_flags_changed();
}

void Tracing::new_flags_changed() {
  traces_new_processes = false;
  for (const auto& [id, session] : sessions_) {
    traces_new_processes |= session->new_process_flags != 0;
    is_used |= traces_new_processes;
  }
}

bool Tracing::change_flags(Process& p, TraceSession& session, bool on, uint32_t flags,
                           Term tracer) {
  ProcessTrace::Ref* ref = nullptr;
  if (ProcessTrace* trace = trace_of(p)) {
    for (ProcessTrace::Ref& each : trace->refs) {
      if (each.session == session.id) ref = &each;
    }
  }
  if (ref == nullptr) {
    if (!on || flags == 0) return true;
    p.make_extras().make_trace().refs.push_back({session.id, 0, Term::none()});
    ref = &p.extras->trace->refs.back();
  }
  if (!tracer.is_none() && ref->flags != 0 && ref->tracer != tracer &&
      is_tracer_alive(runtime_, ref->tracer)) {
    return false;
  }
  ref->flags = on ? ref->flags | flags : ref->flags & ~flags;
  is_used = true;
  if (!tracer.is_none()) ref->tracer = tracer;
  if (ref->flags == 0) {
    std::erase_if(p.extras->trace->refs,
                  [&](const ProcessTrace::Ref& each) { return each.session == session.id; });
  }
  refresh_flags(p);
  return true;
}

void Tracing::replace_flags(Process& p, TraceSession& session, uint32_t off, uint32_t on,
                            Term tracer) {
  auto& refs = p.make_extras().make_trace().refs;
  const auto found = std::find_if(refs.begin(), refs.end(), [&](const ProcessTrace::Ref& ref) {
    return ref.session == session.id;
  });
  ProcessTrace::Ref changed = {session.id, 0, tracer};
  if (found != refs.end()) {
    changed = *found;
    if (is_tracer_alive(runtime_, tracer)) changed.tracer = tracer;
    refs.erase(found);
  }
  changed.flags = (changed.flags & ~off) | on;
  if (changed.flags != 0 && is_tracer_alive(runtime_, changed.tracer)) refs.push_back(changed);
  refresh_flags(p);
}

void Tracing::refresh_flags(Process& p) {
  uint32_t flags = 0;
  if (const ProcessTrace* trace = trace_of(p)) {
    if (!p.flags.sensitive) {
      for (const ProcessTrace::Ref& ref : trace->refs) flags |= ref.flags;
    }
    if (!trace->token.is_nil()) flags |= trace_flag::kToken;
  }
  p.trace_flags = flags;
}

const ProcessTrace::Ref* Tracing::ref(Process& p, uint64_t session) {
  ProcessTrace* trace = trace_of(p);
  if (trace == nullptr) return nullptr;
  for (size_t i = 0; i < trace->refs.size(); ++i) {
    if (trace->refs[i].session != session) continue;
    if (is_tracer_alive(runtime_, trace->refs[i].tracer)) return &trace->refs[i];
    drop_ref(p, i);
    return nullptr;
  }
  return nullptr;
}

void Tracing::drop_ref(Process& p, size_t index) {
  auto& refs = p.extras->trace->refs;
  refs.erase(refs.begin() + static_cast<ptrdiff_t>(index));
  refresh_flags(p);
}

void Tracing::drop_ref_of(Process& p, uint64_t session) {
  std::erase_if(p.extras->trace->refs,
                [session](const ProcessTrace::Ref& ref) { return ref.session == session; });
  refresh_flags(p);
}

// --- telling ---

TraceSource Tracing::source_of(const Process& p) {
  const uint32_t scheduler = p.registers == nullptr ? UINT32_MAX : p.registers->scheduler;
  return {*p.runtime, scheduler, p.pid};
}

bool Tracing::tell_one(Process& p, const ProcessTrace::Ref& ref, const TraceEvent& event) {
  return emit(source_of(p), ref.tracer, ref.flags, event);
}

void Tracing::tell(Process& p, uint32_t flag, const TraceEvent& event) {
  ProcessTrace* trace = trace_of(p);
  if (trace == nullptr || is_dirty(p) || p.flags.sensitive) return;
  for (size_t i = trace->refs.size(); i-- > 0;) {
    if ((trace->refs[i].flags & flag) != 0 && !tell_one(p, trace->refs[i], event)) drop_ref(p, i);
  }
}

Term Tracing::current_function(Process& p, Allocator& heap) {
  const CodeTable& code = *p.runtime->code;
  const Cell* place = p.code_pointer;
  const Module* module = place == nullptr ? nullptr : code.find_code(place);
  if (module == nullptr && place != nullptr) {
    if (const ExportEntry* entry = code.find_stub(place)) {
      if (const auto mfa = trap_name(p, entry->mfa)) {
        return make_tuple(heap, {mfa->module, mfa->function, Term::small(mfa->arity)});
      }
      Word addresses[2];
      const size_t count = gather_addresses(p, addresses, std::size(addresses));
      for (size_t i = 0; i < count && module == nullptr; ++i) {
        place = code_of_address(addresses[i]);
        module = code.find_code(place);
      }
    }
  }
  const FunctionRange* function = module == nullptr ? nullptr : module->function_at(place);
  if (function == nullptr) return Term::small(0);
  return make_tuple(heap, {module->name, function->name, Term::small(function->arity)});
}

// --- messages ---

void Tracing::sending(Process& sender, Term to, Term message) {
  ProcessTrace* trace = trace_of(sender);
  if (trace == nullptr || is_dirty(sender) || sender.flags.sensitive) return;
  const bool nobody = to.is_local_pid() && runtime_.processes->find(to) == nullptr;
  TraceEvent event = {nobody ? Term(atoms::send_to_non_existing_process) : Term(atoms::send),
                      message, to};
  // A match program may change them.
  const std::vector<ProcessTrace::Ref> refs = trace->refs;
  for (const ProcessTrace::Ref& ref : refs) {
    if ((ref.flags & trace_flag::kSend) == 0) continue;
    const TraceSession* session = this->session(ref.session);
    const Term arguments[] = {to, message};
    FilterResult result(*this, sender, session == nullptr ? nullptr : &session->send, ref,
                        arguments);
    if (!result.passes()) continue;
    event.match_result = result.value();
    if (!tell_one(sender, ref, event)) drop_ref_of(sender, ref.session);
  }
}

void Tracing::received(Process& receiver, const Signal& message) {
  ProcessTrace* trace = trace_of(receiver);
  if (trace == nullptr || receiver.flags.sensitive) return;
  const Term from = message.sender;
  const bool is_process = from.is_local_pid();
  const Term elsewhere = from.is_atom() ? from : Term(atoms::system);
  const Term node = is_process ? Term(local_node()->name) : elsewhere;
  const Term arguments[] = {node, is_process ? from : Term(atoms::undefined), message.value};
  TraceEvent event = {atoms::receive, message.value};
  const std::vector<ProcessTrace::Ref> refs = trace->refs;
  for (const ProcessTrace::Ref& ref : refs) {
    if ((ref.flags & trace_flag::kReceive) == 0) continue;
    const TraceSession* session = this->session(ref.session);
    FilterResult result(*this, receiver, session == nullptr ? nullptr : &session->receive, ref,
                        arguments);
    if (!result.passes()) continue;
    event.match_result = result.value();
    if (!tell_one(receiver, ref, event)) drop_ref_of(receiver, ref.session);
  }
}

// --- processes ---

void Tracing::about_process(Process& p, Term what, Term data) {
  tell(p, trace_flag::kProcs, {what, data});
}

void Tracing::hand_on(Process& parent, Process& child, bool linked) {
  ProcessTrace* trace = trace_of(parent);
  if (trace == nullptr) return;
  using namespace trace_flag;
  for (ProcessTrace::Ref& ref : trace->refs) {
    const bool by_spawn = (ref.flags & (kSetOnSpawn | kSetOnFirstSpawn)) != 0;
    const bool by_link = linked && (ref.flags & (kSetOnLink | kSetOnFirstLink)) != 0;
    if (!by_spawn && !by_link) continue;
    const uint32_t before = ref.flags;
    uint32_t flags = before;
    uint32_t off = 0;
    if ((before & kSetOnFirstSpawn) != 0) off |= kSetOnFirstSpawn | kSetOnSpawn;
    if (by_link && (before & kSetOnFirstLink) != 0) off |= kSetOnFirstLink | kSetOnLink;
    flags &= ~off;
    ref.flags &= ~off;
    auto& refs = child.make_extras().make_trace().refs;
    // Besides those of all new processes.
    for (const ProcessTrace::Ref& each : refs) {
      if (each.session == ref.session) flags |= each.flags & ~off;
    }
    std::erase_if(refs, [&](const ProcessTrace::Ref& each) { return each.session == ref.session; });
    if (flags != 0) refs.push_back({ref.session, flags, ref.tracer});
  }
  std::erase_if(trace->refs, [](const ProcessTrace::Ref& ref) { return ref.flags == 0; });
  refresh_flags(parent);
}

void Tracing::spawning(Process& parent, Process& child, bool linked) {
  for (const auto& [id, session] : sessions_) {
    if (session->new_process_flags == 0) continue;
    if (!is_tracer_alive(runtime_, session->new_process_tracer)) continue;
    child.make_extras().make_trace().refs.push_back(
        {id, session->new_process_flags, session->new_process_tracer});
  }
  hand_on(parent, child, linked);
  inherit_token(parent, child);
  refresh_flags(child);
}

void Tracing::spawned(Process& parent, Process& child, Term arguments, bool linked) {
  const Mfa& mfa = child.initial_call;
  Allocator scratch;
  const Term call = make_tuple(scratch, {mfa.module, mfa.function, arguments});
  if ((parent.trace_flags & trace_flag::kProcs) != 0) {
    tell(parent, trace_flag::kProcs, {atoms::spawn, child.pid, call});
    if (linked) about_process(parent, atoms::link, child.pid);
  }
  if ((child.trace_flags & trace_flag::kProcs) != 0) {
    child.registers = parent.registers;
    tell(child, trace_flag::kProcs, {atoms::spawned, parent.pid, call});
    if (linked) about_process(child, atoms::getting_linked, parent.pid);
  }
}

namespace {

// {Session, Flags, Tracer}: as they are to be set.
void on_linked_by_traced(Process& receiver, Signal& signal) {
  if (receiver.is_exiting) return;
  const std::span<const Term> parts = tuple_elements(signal.value);
  const auto session = static_cast<uint64_t>(parts[0].small_value());
  if (receiver.runtime->tracing->session(session) == nullptr) return;
  auto& refs = receiver.make_extras().make_trace().refs;
  for (ProcessTrace::Ref& ref : refs) {
    if (ref.session != session) continue;
    ref.flags |= static_cast<uint32_t>(parts[1].small_value());
    ref.tracer = parts[2];
    return Tracing::refresh_flags(receiver);
  }
  refs.push_back({session, static_cast<uint32_t>(parts[1].small_value()), parts[2]});
  Tracing::refresh_flags(receiver);
}

}  // namespace

void Tracing::linking(Process& p, Term other) {
  using namespace trace_flag;
  ProcessTrace* trace = trace_of(p);
  // Before OTP 27 link/1 does not hand on anything, whatever its manual says; spawn_link does.
  if (trace == nullptr || !other.is_local_pid() || runtime_.otp_release < 27) return;
  for (ProcessTrace::Ref& ref : trace->refs) {
    if ((ref.flags & (kSetOnLink | kSetOnFirstLink)) == 0) continue;
    uint32_t flags = ref.flags;
    if ((flags & kSetOnFirstLink) != 0) {
      flags &= ~(kSetOnFirstLink | kSetOnLink);
      ref.flags = flags;
    }
    if (ref.tracer == other) continue;
    Allocator scratch;
    const Term value = make_tuple(
        scratch, {Term::small(static_cast<int64_t>(ref.session)), Term::small(flags), ref.tracer});
    Signal* signal = new_signal_of(SignalKind::kRequest, p.pid, value, p.runtime->literals);
    signal->request = on_linked_by_traced;
    deliver(p, other, signal);
  }
  refresh_flags(p);
}

// --- schedulers ---

void Tracing::scheduled(Process& p, bool in) {
  using namespace trace_flag;
  if ((p.trace_flags & kCall) != 0) pause_call_times(p, in);
  if ((p.trace_flags & (kRunning | kRunningProcs | kExiting)) == 0) return;
  Allocator scratch;
  const Term place = p.is_exiting ? Term::small(0) : current_function(p, scratch);
  if (p.is_exiting) {
    return tell(p, kExiting, {in ? Term(atoms::in_exiting) : Term(atoms::out_exiting), place});
  }
  tell(p, kRunning | kRunningProcs, {in ? Term(atoms::in) : Term(atoms::out), place});
}

void Tracing::out_exited(Process& p) {
  tell(p, trace_flag::kExiting, {atoms::out_exited, Term::small(0)});
}

// --- collections ---

void Tracing::collecting(Process& p, bool major, bool starts, size_t words) {
  Allocator scratch;
  const Term size = make_tuple(scratch, {atoms::wordsize, make_unsigned(scratch, words)});
  const Term info = make_cons(scratch, size, heap_sizes(scratch, p.heap));
  const Term tag = major ? (starts ? Term(atoms::gc_major_start) : Term(atoms::gc_major_end))
                         : (starts ? Term(atoms::gc_minor_start) : Term(atoms::gc_minor_end));
  tell(p, trace_flag::kGarbageCollection, {tag, info});
}

void Tracing::heap_limit_reached(Process& p) {
  Allocator scratch;
  tell(p, trace_flag::kGarbageCollection, {atoms::gc_max_heap_size, heap_sizes(scratch, p.heap)});
}

}  // namespace joist
