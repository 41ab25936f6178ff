#include "vm/dist/control.h"

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

// Encodes control message and payload (none() for none) and sends them.
class Message {
 public:
  explicit Message(const Line& line) : line_(line) {}

  SendStatus send(Operation operation, std::initializer_list<Term> parts,
                  Term payload = Term::none(), uint64_t needs = 0, int64_t* charge = nullptr) {
    const Term control = make_tuple_uninitialised(scratch, parts.size() + 1);
    Term* element = tuple_elements(control).data();
    *element++ = Term::small(static_cast<int64_t>(operation));
    for (const Term part : parts) *element++ = part;
    OutgoingMessage message;
    if (!encode(control, payload, &message)) return SendStatus::kTooLong;
    message.needs = needs;
    if (charge != nullptr) *charge += static_cast<int64_t>(message.size / kBytesPerReduction);
    const bool sent =
        line_.peer.send(line_.scheduler, line_.channel.connection, std::move(message));
    return sent ? SendStatus::kSent : SendStatus::kLost;
  }

  Term unsigned_term(uint64_t value) { return make_unsigned(scratch, value); }

  Allocator scratch;

 private:
  bool encode(Term control, Term payload, OutgoingMessage* message);

  const Line& line_;
};

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

SendStatus send_message_to_pid(const Line& line, Term from, Term to, Term message,
                               int64_t* charge) {
  Message out(line);
  if (line.channel.has(dist_flags::kSendSender)) {
    return out.send(Operation::kSendSender, {from, to}, message, 0, charge);
  }
  return out.send(Operation::kSend, {atoms::empty, to}, message, 0, charge);
}

SendStatus send_message_to_name(const Line& line, Term from, Term name, Term message,
                                int64_t* charge) {
  return Message(line).send(Operation::kSendToName, {from, atoms::empty, name}, message, 0, charge);
}

SendStatus send_message_to_alias(const Line& line, Term from, Term alias, Term message,
                                 int64_t* charge) {
  return Message(line).send(Operation::kAliasSend, {from, alias}, message, dist_flags::kAlias,
                            charge);
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

SendStatus send_exit_2(const Line& line, Term from, Term to, Term reason) {
  Message out(line);
  if (line.channel.has(dist_flags::kExitPayload)) {
    return out.send(Operation::kPayloadExit2, {from, to}, reason);
  }
  return out.send(Operation::kExit2, {from, to, reason});
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
  return Message(line).send(Operation::kSpawnRequest,
                            {request, from, group_leader, function, options}, arguments,
                            dist_flags::kSpawn);
}

SendStatus send_spawn_reply(const Line& line, Term request, Term to, uint32_t flags, Term result) {
  return Message(line).send(Operation::kSpawnReply, {request, to, Term::small(flags), result});
}

}  // namespace joist
