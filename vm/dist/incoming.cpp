#include "vm/dist/incoming.h"

#include "vm/codec/etf_tags.h"
#include "vm/dist/relations.h"
#include "vm/heap/builder.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/external_options.h"
#include "vm/sched/signal_handler.h"

namespace joist {

namespace {

// One message: its control tuple, whose first element says what it is, and its payload.
class Receiver {
 public:
  Receiver(const Line& line, const IncomingMessage& message)
      : line_(line), runtime_(line.nodes.runtime()), message_(message) {}

  bool receive();

 private:
  bool decode(ByteSpan bytes, Term* term, size_t* used);
  bool decode_control();
  // The payload, or with a reason in the control message that.
  bool decode_payload(Term* term);
  bool dispatch(Operation operation);
  bool dispatch_relation(Operation operation);

  bool send_to_pid(size_t arity);
  bool send_to_name(size_t arity);
  bool send_to_alias(size_t arity);
  bool flagged_signal();
  bool find_receiver(uint64_t flags, Term* owner);
  bool link();
  bool unlink(bool with_id);
  bool unlink_ack();
  // `token`: there is a trace token before the reason; `payload`: the reason follows.
  bool exit_by_link(bool token, bool payload) {
    return exit(SignalKind::kLinkExit, token, payload);
  }
  bool exit(SignalKind kind, bool token, bool payload);
  bool monitor();
  bool demonitor();
  bool monitor_exit(bool payload);
  bool group_leader();
  bool spawn_request(size_t arity);
  bool spawn_reply(size_t arity);

  Term part(size_t index) const { return parts_[index]; }
  bool has(size_t count) const { return parts_.size() == count; }
  // A pid of the other node.
  bool is_theirs(Term term) const {
    return is_kind(term, Boxed::kExternalPid) && external_node(term)->name == line_.peer.name();
  }
  // A process of this node, or of an earlier one with its name.
  static bool is_ours(Term term) {
    if (term.is_local_pid()) return true;
    return is_kind(term, Boxed::kExternalPid) && external_node(term)->name == local_node()->name;
  }
  bool deliver_message(Term to, Term value) {
    deliver(runtime_, line_.scheduler, to,
            new_signal_of(SignalKind::kMessage, Term::none(), value, runtime_.literals));
    return true;
  }

  const Line& line_;
  const Runtime& runtime_;
  const IncomingMessage& message_;
  Allocator heap_;
  std::span<const Term> parts_;
  ByteSpan payload_;
};

bool Receiver::decode(ByteSpan bytes, Term* term, size_t* used) {
  DecodeOptions options = decode_options(runtime_);
  options.has_version = message_.has_versions;
  options.atom_cache = message_.atoms;
  const std::optional<Decoded> decoded = decode_external(bytes, heap_, options);
  if (!decoded) return false;
  *term = decoded->term;
  *used = decoded->used;
  return true;
}

bool Receiver::decode_control() {
  Term control;
  size_t used;
  if (!decode(message_.bytes, &control, &used)) return false;
  if (!is_tuple(control) || tuple_size(control) == 0) return false;
  parts_ = tuple_elements(control);
  payload_ = message_.bytes.subspan(used);
  return parts_[0].is_small();
}

bool Receiver::decode_payload(Term* term) {
  size_t used;
  return decode(payload_, term, &used) && used == payload_.size();
}

bool Receiver::receive() {
  if (!decode_control()) return false;
  const int64_t operation = parts_[0].small_value();
  if (operation < 0 || operation > static_cast<int64_t>(Operation::kFlaggedSignal)) return false;
  return dispatch(static_cast<Operation>(operation));
}

bool Receiver::dispatch(Operation operation) {
  switch (operation) {
    case Operation::kSend:
    case Operation::kSendSender:
      return send_to_pid(3);
    case Operation::kSendTraced:
    case Operation::kSendSenderTraced:
      return send_to_pid(4);
    case Operation::kSendToName:
      return send_to_name(4);
    case Operation::kSendToNameTraced:
      return send_to_name(5);
    case Operation::kAliasSend:
      return send_to_alias(3);
    case Operation::kAliasSendTraced:
      return send_to_alias(4);
    case Operation::kFlaggedSignal:
      return runtime_.otp_release >= 28 && flagged_signal();
    case Operation::kExit:
      return exit_by_link(false, false);
    case Operation::kExitTraced:
      return exit_by_link(true, false);
    case Operation::kPayloadExit:
      return exit_by_link(false, true);
    case Operation::kPayloadExitTraced:
      return exit_by_link(true, true);
    case Operation::kExit2:
      return exit(SignalKind::kExit, false, false);
    case Operation::kExit2Traced:
      return exit(SignalKind::kExit, true, false);
    case Operation::kPayloadExit2:
      return exit(SignalKind::kExit, false, true);
    case Operation::kPayloadExit2Traced:
      return exit(SignalKind::kExit, true, true);
    default:
      return dispatch_relation(operation);
  }
}

bool Receiver::dispatch_relation(Operation operation) {
  switch (operation) {
    case Operation::kLink:
      return link();
    case Operation::kUnlink:
      return unlink(false);
    case Operation::kUnlinkId:
      return unlink(true);
    case Operation::kUnlinkIdAck:
      return unlink_ack();
    case Operation::kNodeLink:
      return true;
    case Operation::kMonitor:
      return monitor();
    case Operation::kDemonitor:
      return demonitor();
    case Operation::kMonitorExit:
      return monitor_exit(false);
    case Operation::kPayloadMonitorExit:
      return monitor_exit(true);
    case Operation::kGroupLeader:
      return group_leader();
    case Operation::kSpawnRequest:
      return spawn_request(6);
    case Operation::kSpawnRequestTraced:
      return spawn_request(7);
    case Operation::kSpawnReply:
      return spawn_reply(5);
    case Operation::kSpawnReplyTraced:
      return spawn_reply(6);
    default:
      return false;
  }
}

// --- messages ---

// {_, From | '', To}
bool Receiver::send_to_pid(size_t arity) {
  Term message;
  if (!has(arity) || !is_pid(part(2)) || !decode_payload(&message)) return false;
  return !part(2).is_local_pid() || deliver_message(part(2), message);
}

// {_, From, '', Name}
bool Receiver::send_to_name(size_t arity) {
  Term message;
  if (!has(arity) || !is_pid(part(1)) || !part(3).is_atom()) return false;
  if (!decode_payload(&message)) return false;
  const Term owner = runtime_.names->find(part(3));
  return !owner.is_local_pid() || deliver_message(owner, message);
}

// {_, From, Alias}
bool Receiver::send_to_alias(size_t arity) {
  Term message;
  if (!has(arity) || !is_ref(part(2)) || !decode_payload(&message)) return false;
  const Term owner = alias_owner(part(2));
  if (owner.is_none()) return true;
  Signal* signal =
      new_signal_of(SignalKind::kAliasMessage, Term::none(), message, runtime_.literals);
  signal->id = reference_id(part(2));
  deliver(runtime_, line_.scheduler, owner, signal);
  return true;
}

// Whom it is for, or none(). False: it makes no sense.
bool Receiver::find_receiver(uint64_t flags, Term* owner) {
  const Term to = part(3);
  if ((flags & kAliasSignal) != 0) {
    if (!is_ref(to) || (flags & kNameSignal) != 0) return false;
    *owner = alias_owner(to);
  } else if ((flags & kNameSignal) != 0) {
    if (!to.is_atom()) return false;
    *owner = runtime_.names->find(to);
  } else {
    if (!is_pid(to)) return false;
    *owner = to;
  }
  if (!owner->is_none() && !owner->is_local_pid()) *owner = Term::none();
  return true;
}

// {_, Flags, From, To [, Token]}: there may be more elements and more flags in later releases.
bool Receiver::flagged_signal() {
  if (parts_.size() < 4 || !is_integer(part(1)) || !is_pid(part(2))) return false;
  const Term bits = part(1);
  if (bits.is_small() ? bits.small_value() < 0 : big_is_negative(bits)) return false;
  const uint64_t flags =
      bits.is_small() ? static_cast<uint64_t>(bits.small_value()) : big_limbs(bits)[0];
  const bool is_exit = (flags & kExitSignal) != 0;
  if ((flags & kTokenSignal) != 0 && parts_.size() < 5) return false;
  if (is_exit && !is_theirs(part(2))) return false;
  Term owner;
  Term payload;
  if (!find_receiver(flags, &owner) || !decode_payload(&payload)) return false;
  if (owner.is_none()) return true;
  const bool is_alias = (flags & kAliasSignal) != 0;
  Signal* signal =
      is_exit ? new_exit_of_other_node(SignalKind::kExit, part(2), payload, runtime_.literals)
              : new_signal_of(is_alias ? SignalKind::kAliasMessage : SignalKind::kMessage,
                              Term::none(), payload, runtime_.literals);
  if (is_alias) {
    signal->id = reference_id(part(3));
    signal->is_priority = (flags & kPrioritySignal) != 0;
  }
  deliver(runtime_, line_.scheduler, owner, signal);
  return true;
}

// --- links and exits ---

// {_, From, To}
bool Receiver::link() {
  if (!has(3) || !is_theirs(part(1)) || !is_ours(part(2))) return false;
  if (!part(2).is_local_pid() || !tell_of_link({line_, part(2)}, part(1))) {
    send_link_exit(line_, part(2), part(1), atoms::noproc);
  }
  return true;
}

// {_, From, To} or {_, Id, From, To}
bool Receiver::unlink(bool with_id) {
  const size_t from = with_id ? 2 : 1;
  if (!has(from + 2) || !is_theirs(part(from)) || !is_ours(part(from + 1))) return false;
  const Term id = with_id ? part(1) : Term::small(0);
  if (with_id && (!is_integer(id) || id == Term::small(0))) return false;
  const Term to = part(from + 1);
  if (to.is_local_pid() && tell_of_unlink({line_, to}, part(from), id)) return true;
  if (with_id) {
    const uint64_t value = id.is_small() ? static_cast<uint64_t>(id.small_value())
                                         : static_cast<uint64_t>(big_limbs(id)[0]);
    send_unlink_ack(line_, value, to, part(from));
  }
  return true;
}

// {_, Id, From, To}
bool Receiver::unlink_ack() {
  if (!has(4) || !is_integer(part(1)) || !is_theirs(part(2)) || !is_ours(part(3))) return false;
  if (part(3).is_local_pid()) tell_of_unlink_ack({line_, part(3)}, part(2), part(1));
  return true;
}

// {_, From, To [, Token] [, Reason]}
bool Receiver::exit(SignalKind kind, bool token, bool payload) {
  const size_t arity = size_t{3} + (token ? 1 : 0) + (payload ? 0 : 1);
  if (!has(arity) || !is_theirs(part(1)) || !is_ours(part(2))) return false;
  Term reason = part(arity - 1);
  if (payload && !decode_payload(&reason)) return false;
  if (!part(2).is_local_pid()) return true;
  deliver(runtime_, line_.scheduler, part(2),
          new_exit_of_other_node(kind, part(1), reason, runtime_.literals));
  return true;
}

// --- monitors ---

// {_, Watcher, Pid | Name, Ref}
bool Receiver::monitor() {
  if (!has(4) || !is_theirs(part(1)) || !is_kind(part(3), Boxed::kExternalRef)) return false;
  const Term watched = part(2);
  if (!watched.is_atom() && !is_ours(watched)) return false;
  const Term name = watched.is_atom() ? watched : Term::none();
  const Term to = watched.is_atom() ? runtime_.names->find(watched) : watched;
  if (!to.is_none() && to.is_local_pid()) {
    const RemoteReference reference = RemoteReference::of(part(3));
    if (!name.is_none()) line_.peer.add_named(reference, to);
    if (tell_of_monitor({line_, to}, part(1), part(3), name)) return true;
    line_.peer.take_named(reference);
  }
  send_monitor_exit(line_, watched, part(1), part(3), atoms::noproc);
  return true;
}

// {_, Watcher, Pid | Name, Ref}
bool Receiver::demonitor() {
  if (!has(4) || !is_pid(part(1)) || !is_kind(part(3), Boxed::kExternalRef)) return false;
  Term to = part(2);
  if (!to.is_atom() && !is_ours(to)) return false;
  if (to.is_atom()) to = line_.peer.take_named(RemoteReference::of(part(3)));
  if (!to.is_none() && to.is_local_pid()) tell_of_demonitor({line_, to}, part(3));
  return true;
}

// {_, Pid | Name, Watcher, Ref [, Reason]}
bool Receiver::monitor_exit(bool payload) {
  const size_t arity = payload ? 4 : 5;
  if (!has(arity) || (!part(1).is_atom() && !is_theirs(part(1)))) return false;
  if (!is_ours(part(2)) || !is_ref(part(3))) return false;
  Term reason = part(arity - 1);
  if (payload && !decode_payload(&reason)) return false;
  if (!part(2).is_local_pid() || !is_kind(part(3), Boxed::kRef)) return true;
  deliver(runtime_, line_.scheduler, part(2),
          new_down_of_other_node(reference_id(part(3)), part(1), reason, runtime_.literals));
  return true;
}

// {_, Leader, To}
bool Receiver::group_leader() {
  if (!has(3) || !is_pid(part(1)) || !is_pid(part(2))) return false;
  if (part(2).is_local_pid()) tell_of_group_leader({line_, part(2)}, part(1));
  return true;
}

// --- spawning ---

bool is_function_name(Term term) {
  if (!is_tuple(term) || tuple_size(term) != 3) return false;
  const std::span<const Term> parts = tuple_elements(term);
  return parts[0].is_atom() && parts[1].is_atom() && parts[2].is_small();
}

// {_, Ref, From, Leader, {Module, Function, Arity}, Options [, Token]}
bool Receiver::spawn_request(size_t arity) {
  Term arguments;
  if (!has(arity) || !is_kind(part(1), Boxed::kExternalRef) || !is_theirs(part(2))) return false;
  if (!is_pid(part(3)) || !is_function_name(part(4)) || !decode_payload(&arguments)) return false;
  return line_.nodes.spawn({line_, part(1), part(2), part(3), part(4), part(5), arguments});
}

// {_, Ref, To, Flags, Pid | Error [, Token]}
bool Receiver::spawn_reply(size_t arity) {
  if (!has(arity) || !is_ref(part(1)) || !is_ours(part(2))) return false;
  if (!part(3).is_small() || part(3).small_value() < 0) return false;
  const Term result = part(4);
  if (!result.is_atom() && !is_theirs(result)) return false;
  if (!part(2).is_local_pid() || !is_kind(part(1), Boxed::kRef)) return true;
  if (tell_of_spawn({line_, part(2)}, part(1), part(3), result) || result.is_atom()) return true;
  const auto flags = static_cast<uint32_t>(part(3).small_value());
  if ((flags & kSpawnedMonitored) != 0) send_demonitor(line_, part(2), result, part(1));
  if ((flags & kSpawnedLinked) != 0) send_link_exit(line_, part(2), result, atoms::noproc);
  return true;
}

}  // namespace

bool receive_message(const Line& line, const IncomingMessage& message) {
  return Receiver(line, message).receive();
}

}  // namespace joist
