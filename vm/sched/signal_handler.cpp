#include "vm/sched/signal_handler.h"

#include <utility>

#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/proc/process_table.h"
#include "vm/proc/relations.h"
#include "vm/sched/deliver.h"
#include "vm/sched/remote_nodes.h"
#include "vm/sched/signal_chain.h"
#include "vm/sched/stand_in.h"
#include "vm/sched/time_offset.h"
#include "vm/term/atoms_trace.h"
#include "vm/term/node.h"

namespace joist {

namespace {

// Room that an exit signal brings for {'EXIT', From, Reason}, and a down signal for
// {'DOWN', Ref, Type, {Name, Node}, Reason}.
constexpr size_t kExitWords = 4;
constexpr size_t kDownWords = 6 + kRefWords + 3;

// Gives up the room at the end of the words.
void drop_tail(Signal& signal, size_t words) { signal.used -= words; }

SignalSource source_of(const Process& p) { return {*p.runtime, p.registers->scheduler, p.pid}; }

bool deliver_exit(const SignalSource& source, SignalKind kind, Term to, Term reason) {
  Signal* signal = new_signal_of(kind, source.sender, reason, source.runtime.literals, kExitWords);
  return deliver(source.runtime, source.scheduler, to, signal);
}

void append_message(Process& p, Signal* message) {
  if ((p.trace_flags & trace_flag::kReceive) != 0) [[unlikely]] {
    p.runtime->trace->received(p, *message);
  }
  if (message->is_priority) [[unlikely]] {
    p.messages.insert_priority(message);
    // A receive that is not looking at a message begins with the new one.
    if (!p.examines_message) p.messages.restart();
  } else {
    p.messages.append(message);
  }
}

void tell_tracer(Process& p, Term what, Term data) {
  if ((p.trace_flags & trace_flag::kProcs) != 0) [[unlikely]] {
    p.runtime->trace->about_process(p, what, data);
  }
}

// --- exit signals ---

void end_process(Process& p, Signal* signal, Term reason) {
  p.is_exiting = true;
  p.exited_by_exception = false;
  p.exit_reason = reason;
  p.run_outcome = RunOutcome::kExited;
  p.reductions = 0;
  p.adopt_message(signal);
}

void append_exit_message(Process& p, Signal* signal) {
  {
    SignalBuilder builder(*signal, signal->value_words() - kExitWords);
    signal->value = make_tuple(builder, {atoms::EXIT, signal->sender, signal->value});
  }
  signal->kind = SignalKind::kMessage;
  append_message(p, signal);
}

// Whether the signal's alias stands for the process. What asked for priority without the alias
// having it is ordinary.
const Alias* find_alias(const Process& p, Signal& signal) {
  if (p.relations == nullptr) return nullptr;
  const auto found = p.relations->aliases.find(signal.id);
  if (found == p.relations->aliases.end()) return nullptr;
  signal.is_priority &= found->second.takes_priority;
  return &found->second;
}

void handle_exit(Process& p, Signal* signal) {
  const bool kills = signal->kind == SignalKind::kExit && signal->value == atoms::kill;
  if (signal->id != 0 && find_alias(p, *signal) == nullptr) return release_signal(signal);
  if (p.is_exiting) return release_signal(signal);
  if (!kills && p.trap_exit) return append_exit_message(p, signal);
  if (signal->value == atoms::normal) return release_signal(signal);
  drop_tail(*signal, kExitWords);
  end_process(p, signal, kills ? Term(atoms::killed) : signal->value);
}

// True: there was an active link between the two, which is gone now.
bool take_link(Process& p, Term other, bool* is_priority) {
  if (p.relations == nullptr) return false;
  const auto take = [is_priority](auto& links, const auto& key) {
    const auto link = links.find(key);
    if (link == links.end() || link->second.unlinking != 0) return false;
    *is_priority = link->second.is_priority;
    links.erase(link);
    return true;
  };
  if (!other.is_boxed()) return take(p.relations->links, other.bits());
  return p.relations->remote != nullptr && take(p.relations->remote->links, RemotePid::of(other));
}

void handle_link_exit(Process& p, Signal* signal) {
  if (take_link(p, signal->sender, &signal->is_priority)) {
    // Of a process that ends of it, the end is what is told.
    const bool ends = !p.is_exiting && !p.trap_exit && signal->value != atoms::normal;
    if (!ends) tell_tracer(p, atoms::getting_unlinked, signal->sender);
    return handle_exit(p, signal);
  }
  release_signal(signal);
}

// --- links ---

void handle_unlink(Process& p, Signal* signal) {
  if (p.relations != nullptr) {
    const auto link = p.relations->links.find(signal->sender.bits());
    if (link != p.relations->links.end() && link->second.unlinking == 0) {
      p.relations->links.erase(link);
      tell_tracer(p, atoms::getting_unlinked, signal->sender);
    }
  }
  Signal* acknowledgement = new_signal(SignalKind::kUnlinkAck, p.pid);
  acknowledgement->id = signal->id;
  deliver(p, signal->sender, acknowledgement);
}

void handle_unlink_ack(Process& p, const Signal& signal) {
  if (p.relations == nullptr) return;
  const auto link = p.relations->links.find(signal.sender.bits());
  if (link != p.relations->links.end() && link->second.unlinking == signal.id) {
    p.relations->links.erase(link);
  }
}

// --- monitors ---

Term monitor_type(MonitorKind kind) {
  switch (kind) {
    case MonitorKind::kProcess:
      return atoms::process;
    case MonitorKind::kPort:
      return atoms::port;
    case MonitorKind::kTimeOffset:
      return atoms::time_offset;
    case MonitorKind::kNode:
      break;
  }
  return atoms::node;
}

// The message of a monitor that has fired, in place of the signal that said so.
Signal* make_down_message(const Process& p, Signal* signal, const Monitor& monitor) {
  Term tag = atoms::DOWN;
  if (monitor.tag != nullptr) {
    // A term of any size: it goes before the rest of the message in a signal of its own.
    const LiteralSpace* literals = p.runtime->literals;
    const size_t reason_words = copy_size(signal->value, literals);
    const size_t tag_words = copy_size(monitor.tag->value, literals);
    const size_t sender_words = copy_size(signal->sender, literals);
    Signal* larger = new_signal(SignalKind::kMessage, signal->sender,
                                sender_words + reason_words + tag_words + kDownWords);
    larger->id = signal->id;
    SignalBuilder builder(*larger);
    larger->sender = copy_measured(builder, signal->sender, sender_words, literals);
    tag = copy_measured(builder, monitor.tag->value, tag_words, literals);
    larger->value = copy_measured(builder, signal->value, reason_words, literals);
    release_signal(signal);
    signal = larger;
  }
  {
    SignalBuilder builder(*signal, signal->value_words() - kDownWords);
    RefNumbers numbers = reference_numbers(signal->id);
    if (p.relations != nullptr && p.relations->aliases.contains(signal->id)) {
      set_alias_owner(numbers, p.pid);
    }
    const Term reference = make_ref(builder, numbers);
    Term item = monitor.target.is_none() ? signal->sender : monitor.target;
    if (!monitor.name.is_none()) {
      const Term node = monitor.node.is_none() ? local_node()->name : monitor.node;
      item = make_tuple(builder, {monitor.name, node});
    }
    signal->value =
        make_tuple(builder, {tag, reference, monitor_type(monitor.kind), item, signal->value});
    drop_tail(*signal, static_cast<size_t>(signal->words + signal->value_words() - builder.top));
  }
  signal->kind = SignalKind::kMessage;
  return signal;
}

void end_alias_of_monitor(Relations& relations, uint64_t id) {
  const auto alias = relations.aliases.find(id);
  if (alias != relations.aliases.end() && alias->second.mode != AliasMode::kExplicit) {
    relations.aliases.erase(alias);
  }
}

void handle_down(Process& p, Signal* signal) {
  if (p.relations == nullptr) return release_signal(signal);
  const auto found = p.relations->monitors.find(signal->id);
  if (found == p.relations->monitors.end()) return release_signal(signal);
  const Monitor monitor = found->second;
  const uint64_t id = signal->id;
  p.relations->monitors.erase(found);
  if (!monitor.node.is_none()) p.relations->remote->monitors.erase(id);
  signal = make_down_message(p, signal, monitor);
  signal->is_priority = monitor.is_priority;
  append_message(p, signal);
  end_alias_of_monitor(*p.relations, id);
  if (monitor.tag != nullptr) release_signal(monitor.tag);
}

void handle_alias_message(Process& p, Signal* signal) {
  const Alias* alias = find_alias(p, *signal);
  if (alias == nullptr) return release_signal(signal);
  if (alias->mode == AliasMode::kReply) {
    p.relations->aliases.erase(signal->id);
    demonitor(p, signal->id);
  }
  signal->kind = SignalKind::kMessage;
  append_message(p, signal);
}

// A process that ends answers when it has given up its name and tables; whoever has come behind
// the signal that ends it finds nobody.
void put_back(Process& p, Signal* signal) {
  if (p.signals.push(signal) == SignalQueue::Push::kClosed) refuse_signal(p, signal);
}

void handle_signal(Process& p, Signal* signal) {
  switch (signal->kind) {
    case SignalKind::kMessage:
      return append_message(p, signal);
    case SignalKind::kAliasMessage:
      return handle_alias_message(p, signal);
    case SignalKind::kExit:
      return handle_exit(p, signal);
    case SignalKind::kLinkExit:
      return handle_link_exit(p, signal);
    case SignalKind::kDown:
      return handle_down(p, signal);
    case SignalKind::kLink:
      if (p.is_exiting) return put_back(p, signal);
      if (p.make_relations().links.try_emplace(signal->sender.bits()).second) {
        tell_tracer(p, atoms::getting_linked, signal->sender);
      }
      break;
    case SignalKind::kUnlink:
      // The end of the process comes before it: who unlinks may have linked again since.
      if (p.is_exiting) return put_back(p, signal);
      handle_unlink(p, signal);
      break;
    case SignalKind::kUnlinkAck:
      handle_unlink_ack(p, *signal);
      break;
    case SignalKind::kMonitor:
      if (p.is_exiting) return put_back(p, signal);
      p.make_relations().watchers.try_emplace(signal->id, Watcher{signal->sender, signal->value});
      break;
    case SignalKind::kDemonitor:
      if (p.relations != nullptr) p.relations->watchers.erase(signal->id);
      break;
    case SignalKind::kRequest:
    case SignalKind::kQuestion:
      if (p.is_exiting) return put_back(p, signal);
      signal->request(p, *signal);
      break;
    case SignalKind::kMarker:
      break;
  }
  release_signal(signal);
}

void handle_chain(Process& p, Signal* signal) {
  while (signal != nullptr) {
    Signal* next = signal->next;
    handle_signal(p, signal);
    signal = next;
  }
}

// --- while a dirty thread runs a native ---

bool is_linked(const Process& p, Term other) {
  if (p.relations == nullptr) return false;
  const auto is_active = [](const auto& links, const auto& key) {
    const auto link = links.find(key);
    return link != links.end() && link->second.unlinking == 0;
  };
  if (!other.is_boxed()) return is_active(p.relations->links, other.bits());
  return p.relations->remote != nullptr &&
         is_active(p.relations->remote->links, RemotePid::of(other));
}

bool is_fatal(const Process& p, const Signal& signal) {
  const bool to_alias = signal.kind == SignalKind::kExit && signal.id != 0;
  if (to_alias && (p.relations == nullptr || !p.relations->aliases.contains(signal.id))) {
    return false;
  }
  if (signal.kind == SignalKind::kExit && signal.value == atoms::kill) return true;
  if (p.trap_exit) return false;
  if (signal.kind == SignalKind::kLinkExit && !is_linked(p, signal.sender)) return false;
  return signal.value != atoms::normal;
}

// Whether it needs nothing that the native may be using.
bool is_easy(const Process& p, const Signal& signal) {
  switch (signal.kind) {
    case SignalKind::kExit:
    case SignalKind::kLinkExit:
      return !is_fatal(p, signal);
    case SignalKind::kRequest:
      return false;
    case SignalKind::kQuestion:  // of its heap or stack, perhaps
      if ((p.state.load(std::memory_order_relaxed) & process_state::kCollecting) != 0) return false;
      [[fallthrough]];
    default:  // telling a tracer takes the heap
      return (p.trace_flags & (trace_flag::kReceive | trace_flag::kProcs)) == 0;
  }
}

// Whether one of the sender's is in the chain. Of a long one that is not asked.
bool may_be_behind(const Signal* chain, Term sender) {
  int left = 32;
  for (; chain != nullptr; chain = chain->next) {
    if (left-- == 0 || chain->sender.is_pointer() || chain->sender == sender) return true;
  }
  return false;
}

bool ends_process(const Process& p, const Signal& signal) {
  const bool is_exit = signal.kind == SignalKind::kExit || signal.kind == SignalKind::kLinkExit;
  return is_exit && is_fatal(p, signal);
}

// True: the signal ends the process although its native goes on (stand_in.h).
bool end_aside(Process& p, Signal* signal) {
  Process* stand_in = make_stand_in(p);
  if (stand_in == nullptr) return false;
  bool is_priority;
  if (signal->kind == SignalKind::kLinkExit) take_link(p, signal->sender, &is_priority);
  stand_in->relations = std::exchange(p.relations, nullptr);
  const bool kills = signal->kind == SignalKind::kExit && signal->value == atoms::kill;
  drop_tail(*signal, kExitWords);
  end_process(*stand_in, signal, kills ? Term(atoms::killed) : signal->value);
  start_stand_in(p, *stand_in);
  return true;
}

// A fatal signal does not wait behind requests for the end of the native, nor does what came before
// it and is easy: whom it has linked with hears the reason.
void append_late(Process& p, Signal* signals) {
  append_late_signals(p, signals);
  bool is_doomed = false;
  for (const Signal* signal = signals; signal != nullptr; signal = signal->next) {
    is_doomed = is_doomed || ends_process(p, *signal);
  }
  if (!is_doomed) return;
  p.state.fetch_or(process_state::kDoomed, std::memory_order_relaxed);
  if (!may_end_aside(p)) return;
  SignalChain kept;
  Signal* signal = std::exchange(p.late_signals, nullptr);
  while (signal != nullptr) {
    Signal* next = std::exchange(signal->next, nullptr);
    const bool ends = ends_process(p, *signal);
    if (ends && end_aside(p, signal)) {
      kept.end_with(next);
      break;
    }
    if (ends || signal->kind == SignalKind::kRequest) {
      kept.add(signal);
    } else {
      handle_signal(p, signal);
    }
    signal = next;
  }
  p.late_signals = kept.first();
}

// Requests wait for the end of the native: what they see to may still be in its hands.
void refuse_signals_aside(Process& p) {
  if (end_is_being_told(p)) return;
  SignalChain requests;
  Signal* signal = std::exchange(p.late_signals, nullptr);
  while (signal != nullptr) {
    Signal* next = std::exchange(signal->next, nullptr);
    if (signal->kind == SignalKind::kRequest) {
      requests.add(signal);
    } else {
      refuse_signal(p, signal);
    }
    signal = next;
  }
  p.late_signals = requests.first();
}

Signal* new_signal_of_other_node(SignalKind kind, Term sender, Term reason,
                                 const LiteralSpace* literals, size_t extra_words) {
  const size_t sender_words = copy_size(sender, literals);
  const size_t reason_words = copy_size(reason, literals);
  Signal* signal = new_signal(kind, Term::none(), sender_words + reason_words + extra_words);
  SignalBuilder builder(*signal);
  signal->sender = copy_measured(builder, sender, sender_words, literals);
  signal->value = copy_measured(builder, reason, reason_words, literals);
  return signal;
}

}  // namespace

Signal* new_exit_of_other_node(SignalKind kind, Term sender, Term reason,
                               const LiteralSpace* literals) {
  return new_signal_of_other_node(kind, sender, reason, literals, kExitWords);
}

Signal* new_down_of_other_node(uint64_t id, Term sender, Term reason,
                               const LiteralSpace* literals) {
  Signal* signal =
      new_signal_of_other_node(SignalKind::kDown, sender, reason, literals, kDownWords);
  signal->id = id;
  return signal;
}

void append_late_signals(Process& p, Signal* chain) {
  Signal** end = &p.late_signals;
  while (*end != nullptr) end = &(*end)->next;
  *end = chain;
}

void handle_own_signal(Process& p, Signal* signal) { handle_signal(p, signal); }

void handle_signals(Process& p) {
  p.state.fetch_and(~process_state::kNotified, std::memory_order_seq_cst);
  if (p.late_signals != nullptr) [[unlikely]] {
    handle_chain(p, std::exchange(p.late_signals, nullptr));
  }
  handle_chain(p, p.signals.take_all());
}

void handle_signals_aside(Process& p) {
  p.state.fetch_and(~process_state::kNotified, std::memory_order_seq_cst);
  Signal* signal = p.signals.take_all();
  if (has_ended_aside(p)) {
    append_late_signals(p, signal);
    return refuse_signals_aside(p);
  }
  // Behind one that must wait those of the same sender do, too: they stay in order.
  SignalChain rest;
  while (signal != nullptr) {
    Signal* next = std::exchange(signal->next, nullptr);
    if (is_easy(p, *signal) && !may_be_behind(p.late_signals, signal->sender) &&
        !may_be_behind(rest.first(), signal->sender)) {
      handle_signal(p, signal);
    } else {
      rest.add(signal);
    }
    signal = next;
  }
  if (rest.first() != nullptr) append_late(p, rest.first());
}

void refuse_signal(Process& p, Signal* signal) {
  switch (signal->kind) {
    case SignalKind::kLink:
      send_link_exit(p, signal->sender, atoms::noproc);
      break;
    case SignalKind::kUnlink:
      handle_unlink(p, signal);
      break;
    case SignalKind::kMonitor:
      send_down(p, signal->sender, signal->id, atoms::noproc);
      break;
    case SignalKind::kRequest:
    case SignalKind::kQuestion:
      signal->request(p, *signal);
      break;
    default:
      break;
  }
  release_signal(signal);
}

bool send_down(const SignalSource& source, Term watcher, uint64_t id, Term reason) {
  Signal* signal =
      new_signal_of(SignalKind::kDown, source.sender, reason, source.runtime.literals, kDownWords);
  signal->id = id;
  return deliver(source.runtime, source.scheduler, watcher, signal);
}

void send_down(Process& p, Term watcher, uint64_t id, Term reason) {
  send_down(source_of(p), watcher, id, reason);
}

bool send_link_exit(const SignalSource& source, Term pid, Term reason) {
  return deliver_exit(source, SignalKind::kLinkExit, pid, reason);
}

void send_link_exit(Process& p, Term pid, Term reason) {
  send_link_exit(source_of(p), pid, reason);
}

bool send_exit(const SignalSource& source, Term pid, Term reason) {
  return deliver_exit(source, SignalKind::kExit, pid, reason);
}

bool link_to(Process& p, Term pid, bool is_priority) {
  if (pid.is_local_pid() && p.runtime->processes->find(pid) == nullptr) return false;
  if ((p.trace_flags & trace_flag::kLinking) != 0) [[unlikely]]
    p.runtime->trace->linking(p, pid);
  const auto [link, is_new] = p.make_relations().links.try_emplace(pid.bits());
  link->second.is_priority = is_priority;
  if (!is_new && link->second.unlinking == 0) return true;
  link->second.unlinking = 0;
  if (deliver(p, pid, new_signal(SignalKind::kLink, p.pid))) return true;
  p.relations->links.erase(link);
  return false;
}

void unlink_from(Process& p, Term pid) {
  if (p.relations == nullptr) return;
  const auto link = p.relations->links.find(pid.bits());
  if (link == p.relations->links.end() || link->second.unlinking != 0) return;
  Signal* signal = new_signal(SignalKind::kUnlink, p.pid);
  signal->id = link->second.unlinking = p.relations->next_unlink++;
  if (!deliver(p, pid, signal)) p.relations->links.erase(pid.bits());
}

void monitor_target(Process& p, uint64_t id, MonitorKind kind, Term target, Term name, Signal* tag,
                    bool is_priority) {
  p.make_relations().monitors[id] = Monitor{kind, target, name, Term::none(), tag, is_priority};
  if (target.is_local_pid() || target.is_local_port()) {
    Signal* signal = new_signal(SignalKind::kMonitor, p.pid);
    signal->id = id;
    signal->value = name;
    if (deliver(p, target, signal)) return;
  }
  send_down(p, p.pid, id, atoms::noproc);
}

bool demonitor(Process& p, uint64_t id) {
  if (p.relations == nullptr) return false;
  const auto found = p.relations->monitors.find(id);
  if (found == p.relations->monitors.end()) return false;
  end_alias_of_monitor(*p.relations, id);
  const Monitor monitor = found->second;
  p.relations->monitors.erase(found);
  if (monitor.tag != nullptr) release_signal(monitor.tag);
  if (!monitor.node.is_none()) {
    remote_nodes(*p.runtime)->demonitor(p, id);
    return true;
  }
  if (monitor.kind == MonitorKind::kTimeOffset) unwatch_time_offset(p, id);
  if (monitor.kind <= MonitorKind::kPort && !monitor.target.is_none()) {
    Signal* signal = new_signal(SignalKind::kDemonitor, p.pid);
    signal->id = id;
    deliver(p, monitor.target, signal);
  }
  return true;
}

bool send_exit(Process& sender, Term pid, Term reason) {
  return send_exit(source_of(sender), pid, reason);
}

bool send_exit_to_alias(Process& p, Term alias, Term reason, bool is_priority) {
  const Term owner = alias_owner(alias);
  if (owner.is_none()) return false;
  Signal* signal = new_signal_of(SignalKind::kExit, p.pid, reason, p.runtime->literals, kExitWords);
  signal->id = reference_id(alias);
  signal->is_priority = is_priority;
  return deliver(p, owner, signal);
}

void send_to_self(Process& p, Term message) {
  deliver(p, p, new_signal_of(SignalKind::kMessage, p.pid, message, p.runtime->literals));
}

}  // namespace joist
