#include "vm/sched/deliver.h"

#include "vm/heap/copy.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process_table.h"
#include "vm/sched/dirty_call.h"
#include "vm/sched/port_receiver.h"
#include "vm/sched/remote_nodes.h"
#include "vm/sched/schedulers.h"
#include "vm/term/node.h"

namespace joist {

namespace {

bool push(Schedulers& schedulers, uint32_t scheduler, Process& receiver, Signal* signal) {
  switch (receiver.signals.push(signal)) {
    case SignalQueue::Push::kFirst:
      schedulers.notify(receiver, process_state::kNotified, scheduler);
      return true;
    case SignalQueue::Push::kAdded:
      return true;
    case SignalQueue::Push::kClosed:
      break;
  }
  release_signal(signal);
  return false;
}

}  // namespace

bool deliver(const Runtime& runtime, uint32_t scheduler, Term pid, Signal* signal) {
  if (pid.is_local_port()) [[unlikely]] {
    return runtime.port_receiver->deliver(scheduler, pid, signal);
  }
  Process* receiver = runtime.processes->find(pid);
  if (receiver != nullptr) return push(*runtime.schedulers, scheduler, *receiver, signal);
  release_signal(signal);
  return false;
}

bool deliver(Process& sender, Term pid, Signal* signal) {
  return deliver(*sender.runtime, sender.registers->scheduler, pid, signal);
}

bool deliver(Process& sender, Process& receiver, Signal* signal) {
  return push(*sender.runtime->schedulers, sender.registers->scheduler, receiver, signal);
}

bool send_message(Process& sender, Term pid, Term message) {
  Process* receiver = sender.runtime->processes->find(pid);
  if (receiver == nullptr) return false;
  Signal* signal =
      new_signal_of(SignalKind::kMessage, sender.pid, message, sender.runtime->literals);
  sender.charge(static_cast<int64_t>(signal->value_words() / 16));
  return deliver(sender, *receiver, signal);
}

bool try_send_message(Process& sender, Term pid, Term message) {
  Process* receiver = sender.runtime->processes->find(pid);
  if (receiver == nullptr) return true;
  if (!message.is_pointer()) {
    deliver(sender, *receiver, new_signal_of(SignalKind::kMessage, sender.pid, message, nullptr));
    return true;
  }
  const LiteralSpace* literals = sender.runtime->literals;
  const size_t limit = on_scheduler(sender) ? kLargeTermWords : SIZE_MAX;
  const size_t words = copy_size_up_to(message, literals, limit);
  if (words == kMoreWords) return false;
  Signal* signal = new_signal(SignalKind::kMessage, sender.pid, words);
  {
    SignalBuilder builder(*signal);
    signal->value = copy_measured(builder, message, words, literals);
  }
  sender.charge(static_cast<int64_t>(words / 16));
  deliver(sender, *receiver, signal);
  return true;
}

bool is_large_send(const Process& sender, Term receiver, Term message) {
  if (!message.is_pointer() || !on_scheduler(sender)) return false;
  if (receiver.is_atom()) receiver = sender.runtime->names->find(receiver);
  const LiteralSpace* literals = sender.runtime->literals;
  return (receiver.is_local_pid() || !alias_owner(receiver).is_none()) &&
         copy_size_up_to(message, literals, kLargeTermWords) == kMoreWords;
}

namespace {

SendResult send_untraced(Process& sender, Term receiver, Term message, const SendOptions& options);

SendResult send_to_name(Process& sender, Term name, Term message, const SendOptions& options) {
  const Term owner = sender.runtime->names->find(name);
  if (owner.is_none()) return SendResult::kBadReceiver;
  return send_untraced(sender, owner, message, options);
}

SendResult send_away(Process& sender, Term receiver, Term message, const SendOptions& options) {
  RemoteNodes* nodes = remote_nodes(*sender.runtime);
  if (nodes == nullptr) return SendResult::kRemote;
  return nodes->send(sender, receiver, message, options);
}

SendResult send_to_named_node(Process& sender, Term receiver, Term message,
                              const SendOptions& options) {
  const std::span<const Term> address = tuple_elements(receiver);
  if (address.size() != 2 || !address[0].is_atom() || !address[1].is_atom()) {
    return SendResult::kBadReceiver;
  }
  if (!(address[1] == local_node()->name)) return send_away(sender, receiver, message, options);
  const Term owner = sender.runtime->names->find(address[0]);
  return owner.is_none() ? SendResult::kSent : send_untraced(sender, owner, message, options);
}

SendResult send_to_reference(Process& sender, Term reference, Term message, bool is_priority) {
  const Term owner = alias_owner(reference);
  if (owner.is_none()) return SendResult::kSent;
  Signal* signal =
      new_signal_of(SignalKind::kAliasMessage, sender.pid, message, sender.runtime->literals);
  signal->id = reference_id(reference);
  signal->is_priority = is_priority;
  deliver(sender, owner, signal);
  return SendResult::kSent;
}

}  // namespace

namespace {

SendResult send_untraced(Process& sender, Term receiver, Term message, const SendOptions& options) {
  if (receiver.is_local_pid()) {
    send_message(sender, receiver, message);
    return SendResult::kSent;
  }
  if (receiver.is_atom()) return send_to_name(sender, receiver, message, options);
  if (is_tuple(receiver)) return send_to_named_node(sender, receiver, message, options);
  if (receiver.is_local_port()) {
    return sender.runtime->port_receiver->send(sender, receiver, message, options.when_busy);
  }
  if (is_kind(receiver, Boxed::kExternalPid) || is_kind(receiver, Boxed::kExternalRef)) {
    return send_away(sender, receiver, message, options);
  }
  if (is_ref(receiver)) return send_to_reference(sender, receiver, message, options.is_priority);
  // Ports of other nodes take no messages.
  return is_port(receiver) ? SendResult::kSent : SendResult::kBadReceiver;
}

// To a process or an alias, with the sender's token.
void send_with_token(Process& sender, Term receiver, Term message, bool is_priority) {
  const bool is_alias = is_ref(receiver);
  const Term owner = is_alias ? alias_owner(receiver) : receiver;
  if (owner.is_none() || sender.runtime->processes->find(owner) == nullptr) return;
  Signal* signal = sender.runtime->trace->message_with_token(sender, receiver, message);
  if (is_alias) {
    signal->kind = SignalKind::kAliasMessage;
    signal->id = reference_id(receiver);
    signal->is_priority = is_priority;
  }
  deliver(sender, owner, signal);
}

// As the sender is traced, or has a sequential trace token.
SendResult send_traced(Process& sender, Term receiver, Term message, const SendOptions& options) {
  Term owner = receiver;
  if (is_tuple(receiver) && tuple_size(receiver) == 2 &&
      tuple_elements(receiver)[1] == local_node()->name && tuple_elements(receiver)[0].is_atom()) {
    owner = sender.runtime->names->find(tuple_elements(receiver)[0]);
  } else if (receiver.is_atom()) {
    owner = sender.runtime->names->find(receiver);
  }
  if ((sender.trace_flags & trace_flag::kSend) != 0) {
    const Term shown = owner.is_local_port() && receiver.is_atom() ? owner : receiver;
    sender.runtime->trace->sending(sender, shown, message);
  }
  if (owner.is_none() || (sender.trace_flags & trace_flag::kToken) == 0) {
    return send_untraced(sender, receiver, message, options);
  }
  if (owner.is_local_pid() || is_kind(owner, Boxed::kRef)) {
    send_with_token(sender, owner, message, options.is_priority);
    return SendResult::kSent;
  }
  if (owner.is_local_port()) sender.runtime->trace->token_for(sender, owner, message);
  return send_untraced(sender, owner, message, options);
}

}  // namespace

SendResult send(Process& sender, Term receiver, Term message, const SendOptions& options) {
  constexpr uint32_t kFlags = trace_flag::kSend | trace_flag::kToken;
  if ((sender.trace_flags & kFlags) != 0 && sender.registers->thread == ThreadKind::kScheduler)
      [[unlikely]] {
    return send_traced(sender, receiver, message, options);
  }
  return send_untraced(sender, receiver, message, options);
}

}  // namespace joist
