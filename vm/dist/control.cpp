#include "vm/dist/control.h"

#include <memory>

#include "vm/codec/etf.h"
#include "vm/dist/flags.h"
#include "vm/heap/builder.h"
#include "vm/proc/runtime.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

constexpr int64_t kUnlimited = INT64_MAX;
// Bytes that cost a reduction.
constexpr size_t kBytesPerReduction = 64;

// One form of a message: its control message and its payload (none() for none).
struct Form {
  Operation operation;
  std::initializer_list<Term> parts;
  Term payload = Term::none();
  uint64_t needs = 0;
};

// Encodes messages and sends them.
class Message {
 public:
  explicit Message(const Line& line) : line_(line) {}

  SendStatus send(const Form& form, int64_t* charge = nullptr) {
    OutgoingMessage message;
    if (!encode(form, &message)) return SendStatus::kTooLong;
    return send(std::move(message), charge);
  }
  SendStatus send(Operation operation, std::initializer_list<Term> parts,
                  Term payload = Term::none()) {
    return send({operation, parts, payload});
  }
  // With flags if the other node understands them, else `plain`.
  SendStatus send_flagged(uint32_t flags, const MessageToSend& signal, const Form& plain,
                          int64_t* charge);

  Term unsigned_term(uint64_t value) { return make_unsigned(scratch, value); }

  Allocator scratch;

 private:
  bool encode(const Form& form, OutgoingMessage* message);
  bool encode(Term control, Term payload, OutgoingMessage* message);
  SendStatus send(OutgoingMessage message, int64_t* charge);

  const Line& line_;
};

bool Message::encode(const Form& form, OutgoingMessage* message) {
  const Term control = make_tuple_uninitialised(scratch, form.parts.size() + 1);
  Term* element = tuple_elements(control).data();
  *element++ = Term::small(static_cast<int64_t>(form.operation));
  for (const Term part : form.parts) *element++ = part;
  message->needs = form.needs;
  return encode(control, form.payload, message);
}

SendStatus Message::send(OutgoingMessage message, int64_t* charge) {
  if (charge != nullptr) *charge += static_cast<int64_t>(message.size / kBytesPerReduction);
  const bool sent = line_.peer.send(line_.scheduler, line_.channel.connection, std::move(message));
  return sent ? SendStatus::kSent : SendStatus::kLost;
}

SendStatus Message::send_flagged(uint32_t flags, const MessageToSend& signal, const Form& plain,
                                 int64_t* charge) {
  if (!line_.channel.has(dist_flags::kFlaggedSignals)) return send(plain, charge);
  OutgoingMessage message;
  const Form flagged = {Operation::kFlaggedSignal,
                        {Term::small(flags), signal.from, signal.to},
                        signal.message,
                        dist_flags::kFlaggedSignals};
  if (!encode(flagged, &message)) return SendStatus::kTooLong;
  if (line_.channel.state == Channel::State::kPending) {
    // Whether it understands them is not known yet.
    message.otherwise = std::make_unique<OutgoingMessage>();
    if (!encode(plain, message.otherwise.get())) return SendStatus::kTooLong;
  }
  return send(std::move(message), charge);
}

bool Message::encode(Term control, Term payload, OutgoingMessage* message) {
  AtomReferences atoms;
  EncodeOptions options;
  options.has_version = false;
  options.whole_aliases = line_.channel.has(dist_flags::kV4Identifiers);
  options.v4_ports = line_.channel.has(dist_flags::kV4Identifiers);
  options.init_creates_funs = line_.nodes.runtime().otp_release >= 27;
  options.this_node = local_node();
  options.resolver = line_.nodes.runtime().externals;
  // Until the connection is up it is not known whether there is an atom cache.
  if (line_.channel.state == Channel::State::kUp &&
      line_.channel.has(dist_flags::kHeaderAtomCache)) {
    options.atoms = &atoms;
  }
  int64_t budget = kUnlimited;
  const std::optional<size_t> control_size = external_size(control, options, &budget);
  std::optional<size_t> payload_size = 0;
  if (!payload.is_none()) payload_size = external_size(payload, options, &budget);
  if (!control_size || !payload_size) return false;
  message->control_size = *control_size;
  message->size = *control_size + *payload_size;
  message->bytes = try_new_binary(message->size);
  if (message->bytes == nullptr) return false;
  encode_external(control, options, message->bytes->bytes);
  if (!payload.is_none()) {
    encode_external(payload, options, message->bytes->bytes + *control_size);
  }
  message->atoms = atoms.atoms();
  return true;
}

}  // namespace

SendStatus send_message(const Line& line, const MessageToSend& message, int64_t* charge) {
  Message out(line);
  const Term from = message.from;
  const Term to = message.to;
  const uint32_t priority = message.is_priority ? kPrioritySignal : 0;
  if (is_ref(to)) {
    const Form plain = {Operation::kAliasSend, {from, to}, message.message, dist_flags::kAlias};
    return out.send_flagged(kAliasSignal | priority, message, plain, charge);
  }
  if (to.is_atom()) {
    const Form plain = {Operation::kSendToName, {from, atoms::empty, to}, message.message};
    if (!message.is_priority) return out.send(plain, charge);
    return out.send_flagged(kNameSignal | priority, message, plain, charge);
  }
  const bool names_sender = line.channel.has(dist_flags::kSendSender);
  const Form plain = {names_sender ? Operation::kSendSender : Operation::kSend,
                      {names_sender ? from : Term(atoms::empty), to},
                      message.message};
  if (!message.is_priority) return out.send(plain, charge);
  return out.send_flagged(priority, message, plain, charge);
}

SendStatus send_link(const Line& line, Term from, Term to) {
  return Message(line).send(Operation::kLink, {from, to});
}

SendStatus send_unlink(const Line& line, uint64_t id, Term from, Term to) {
  Message out(line);
  if (!line.channel.has(dist_flags::kUnlinkId)) return out.send(Operation::kUnlink, {from, to});
  return out.send(Operation::kUnlinkId, {out.unsigned_term(id), from, to});
}

SendStatus send_unlink_ack(const Line& line, uint64_t id, Term from, Term to) {
  Message out(line);
  return out.send(Operation::kUnlinkIdAck, {out.unsigned_term(id), from, to});
}

SendStatus send_link_exit(const Line& line, Term from, Term to, Term reason) {
  Message out(line);
  if (line.channel.has(dist_flags::kExitPayload)) {
    return out.send(Operation::kPayloadExit, {from, to}, reason);
  }
  return out.send(Operation::kExit, {from, to, reason});
}

SendStatus send_exit_2(const Line& line, const MessageToSend& exit) {
  Message out(line);
  const uint32_t flags = kExitSignal | (exit.is_priority ? kPrioritySignal : 0);
  if (is_ref(exit.to)) {
    if (!line.channel.has(dist_flags::kFlaggedSignals)) return SendStatus::kSent;
    return out.send({Operation::kFlaggedSignal,
                     {Term::small(flags | kAliasSignal), exit.from, exit.to},
                     exit.message,
                     dist_flags::kFlaggedSignals});
  }
  const bool has_payload = line.channel.has(dist_flags::kExitPayload);
  const Form with_payload = {Operation::kPayloadExit2, {exit.from, exit.to}, exit.message};
  const Form without = {Operation::kExit2, {exit.from, exit.to, exit.message}};
  const Form& plain = has_payload ? with_payload : without;
  return exit.is_priority ? out.send_flagged(flags, exit, plain, nullptr) : out.send(plain);
}

SendStatus send_group_leader(const Line& line, Term leader, Term to) {
  return Message(line).send(Operation::kGroupLeader, {leader, to});
}

SendStatus send_monitor(const Line& line, Term watcher, Term watched, Term reference) {
  return Message(line).send(Operation::kMonitor, {watcher, watched, reference});
}

SendStatus send_demonitor(const Line& line, Term watcher, Term watched, Term reference) {
  return Message(line).send(Operation::kDemonitor, {watcher, watched, reference});
}

SendStatus send_monitor_exit(const Line& line, Term watched, Term watcher, Term reference,
                             Term reason) {
  Message out(line);
  if (line.channel.has(dist_flags::kExitPayload)) {
    return out.send(Operation::kPayloadMonitorExit, {watched, watcher, reference}, reason);
  }
  return out.send(Operation::kMonitorExit, {watched, watcher, reference, reason});
}

SendStatus send_spawn_request(const Line& line, Term request, Term from, Term group_leader,
                              Term function, Term options, Term arguments) {
  return Message(line).send({Operation::kSpawnRequest,
                             {request, from, group_leader, function, options},
                             arguments,
                             dist_flags::kSpawn});
}

SendStatus send_spawn_reply(const Line& line, Term request, Term to, uint32_t flags, Term result) {
  return Message(line).send(Operation::kSpawnReply, {request, to, Term::small(flags), result});
}

}  // namespace joist
