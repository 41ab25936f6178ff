// What net_kernel, dist_util and the controllers of connections need of the emulator
// (erts documentation, "How to Implement an Alternative Carrier for the Erlang Distribution").
#include "bif/registry.h"
#include "vm/codec/etf.h"
#include "vm/dist/flags.h"
#include "vm/dist/nodes.h"
#include "vm/heap/builder.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/request.h"
#include "vm/sched/system_logger.h"
#include "vm/term/atoms_net.h"
#include "vm/term/bits.h"
#include "vm/term/print.h"

namespace joist {

namespace {

// Name@Host, both not empty.
bool is_node_name(Term term) {
  if (!term.is_atom()) return false;
  const std::string_view text = atom_text(term);
  const size_t at = text.find('@');
  return at != std::string_view::npos && at != 0 && at + 1 != text.size() &&
         text.find('@', at + 1) == std::string_view::npos;
}

bool unsigned_argument(Term term, uint64_t* value) {
  if (term.is_small()) {
    *value = static_cast<uint64_t>(term.small_value());
    return term.small_value() >= 0;
  }
  if (!is_big(term) || big_is_negative(term) || big_limbs(term).size() != 1) return false;
  *value = big_limbs(term)[0];
  return true;
}

bool creation_argument(Term term, uint32_t* creation) {
  uint64_t value;
  if (!unsigned_argument(term, &value) || value > UINT32_MAX) return false;
  *creation = static_cast<uint32_t>(value);
  return true;
}

uint32_t scheduler_of(const Process& p) { return p.registers->scheduler; }

// --- this node ---

Term setnode_2(Process& p, Term name, Term creation) {
  uint32_t number;
  if (!is_node_name(name) || name == atoms::nonode_nohost ||
      !creation_argument(creation, &number)) {
    return p.badarg();
  }
  const Term net_kernel = p.runtime->names->find(atoms::net_kernel);
  if (net_kernel.is_none() || p.runtime->processes->find(net_kernel) == nullptr) {
    return p.badarg();
  }
  Nodes& nodes = Nodes::of(p);
  return nodes.start(scheduler_of(p), name, number, net_kernel) ? Term(atoms::true_) : p.badarg();
}

Term get_creation_0(Process& p) {
  const uint32_t creation = local_node()->creation;
  return creation == 0 ? Term(atoms::undefined) : make_unsigned(p.heap, creation);
}

Term get_dflags_0(Process& p) {
  using namespace dist_flags;
  const int release = p.runtime->otp_release;
  const auto flags = [&](uint64_t value) { return make_unsigned(p.heap, value); };
  return make_tuple(p.heap, {atoms::erts_dflags, flags(ours(release)), flags(mandatory(release)),
                             flags(ours(release)), flags(kRejectable), flags(kStrictOrder)});
}

// --- connections ---

Term new_connection_1(Process& p, Term name) {
  if (!is_node_name(name) || name == local_node()->name) return p.badarg();
  Peer& peer = Nodes::of(p).peer(name);
  uint32_t connection;
  peer.begin(&connection);
  return Nodes::make_handle(p.heap, peer, connection);
}

Term abort_pending_connection_2(Process& p, Term name, Term handle) {
  uint32_t connection;
  Peer* peer = Nodes::peer_of_handle(handle, &connection);
  if (peer == nullptr || !(peer->name() == name)) return p.badarg();
  return boolean(peer->abort(scheduler_of(p), connection));
}

void report_missing_flags(Process& p, Term node) {
  std::string text = term_text(p.pid);
  const Term name = p.registered_name.get();
  if (!name.is_none()) text += " (" + term_text(name) + ")";
  p.runtime->logger->report_error(p, text + " attempted to enable connection to node " +
                                         term_text(node) +
                                         " which does not support all mandatory capabilities.\n");
}

struct NewChannel {
  Term node;
  Term controller;
  uint64_t flags;
  uint32_t creation;
};

// `p` is the controller, or a port is. The handle; badarg; none(): the former connection to the
// node is still ending.
Term establish(Process& p, const NewChannel& channel, Term setup, Allocator& heap) {
  Nodes& nodes = Nodes::of(p);
  const Term net_kernel = nodes.net_kernel();
  Peer& peer = nodes.peer(channel.node);
  if (net_kernel.is_none() || nodes.controlled_by(channel.controller) != nullptr) {
    return atoms::badarg;
  }
  uint32_t connection;
  switch (peer.establish(scheduler_of(p), channel.controller, channel.flags, channel.creation,
                         &connection)) {
    case Peer::Established::kDone:
      break;
    case Peer::Established::kNotPending:
      return atoms::badarg;
    case Peer::Established::kEnding:
      return Term::none();
  }
  if (channel.controller.is_local_pid()) nodes.set_controller(channel.controller, &peer);
  Allocator scratch;
  send_message(p, net_kernel,
               make_tuple(scratch, {atoms::dist_ctrlr, channel.controller, channel.node, setup}));
  if (channel.controller.is_local_port() && !peer.attach_port(scheduler_of(p), connection)) {
    peer.lost(scheduler_of(p), connection, atoms::connection_closed);
    return atoms::badarg;
  }
  peer.start_sending(scheduler_of(p));
  return Nodes::make_handle(heap, peer, connection);
}

bool parse_channel(Process& p, Term node, Term controller, Term options, NewChannel* channel) {
  if (Nodes::of(p).net_kernel().is_none() || !is_node_name(node)) return false;
  if (!controller.is_local_pid() && !controller.is_local_port()) return false;
  if (!is_tuple(options) || tuple_size(options) != 2) return false;
  const std::span<const Term> parts = tuple_elements(options);
  channel->node = node;
  channel->controller = controller;
  return unsigned_argument(parts[0], &channel->flags) &&
         creation_argument(parts[1], &channel->creation) && !(node == local_node()->name);
}

// {Ref, Node, {Flags, Creation}}; the process is to be the controller.
void on_become_controller(Process& receiver, Signal& signal) {
  const std::span<const Term> arguments = request_arguments(signal);
  Allocator scratch;
  NewChannel channel{};
  Term result = Term::none();
  if (!receiver.is_exiting &&
      parse_channel(receiver, arguments[1], receiver.pid, arguments[2], &channel)) {
    result = establish(receiver, channel, signal.sender, scratch);
  }
  answer(receiver, signal, result.is_none() ? Term(atoms::badarg) : result);
}

// {ok, Handle}, {message, Ref} when the controller answers that reference, or badarg:
// erlang:setnode/3 goes on with that.
Term create_dist_channel_3(Process& p, Term node, Term controller, Term options) {
  NewChannel channel{};
  if (!parse_channel(p, node, controller, options, &channel)) return atoms::badarg;
  if ((~channel.flags & dist_flags::mandatory(p.runtime->otp_release)) != 0) {
    report_missing_flags(p, node);
    return atoms::badarg;
  }
  if (controller.is_local_pid() && !(controller == p.pid)) {
    const Term reference = make_ref(p.heap, p.runtime->uniques.next_ref());
    const Term request = make_tuple(p.heap, {reference, node, options});
    if (!send_request(p, controller, on_become_controller, request)) return atoms::badarg;
    return make_tuple(p.heap, {atoms::message, reference});
  }
  const Term handle = establish(p, channel, p.pid, p.heap);
  if (handle.is_none()) return p.yield({node, controller, options});
  return handle == atoms::badarg ? handle : make_tuple(p.heap, {atoms::ok, handle});
}

// --- controllers that are processes ---

struct Controlled {
  Peer* peer = nullptr;  // null: the native has raised
  uint32_t connection = 0;
};

// The connection of the handle, which the caller must control.
Controlled controlled(Process& p, Term handle) {
  Controlled result;
  Peer* own = Nodes::of(p).controlled_by(p.pid);
  if (own == nullptr) {
    p.error(atoms::notsup);
    return result;
  }
  Peer* peer = Nodes::peer_of_handle(handle, &result.connection);
  if (peer != own || !peer->is_controller(p.pid, result.connection)) {
    p.badarg();
    return result;
  }
  result.peer = peer;
  return result;
}

Term dist_ctrl_input_handler_2(Process& p, Term handle, Term handler) {
  const Controlled control = controlled(p, handle);
  if (control.peer == nullptr) return Term::none();
  if (!handler.is_local_pid()) return p.badarg();
  control.peer->input_handler.store(handler.bits());
  return atoms::ok;
}

// Lists are made a binary by erts_internal:dist_ctrl_put_data/2, which calls this again.
Term dist_ctrl_put_data_2(Process& p, Term handle, Term data) {
  if (data.is_list()) {
    return p.trap(atoms::erts_internal, must_atom("dist_ctrl_put_data"), {handle, data});
  }
  if (!is_binary(data) && !data.is_nil()) return p.badarg();
  uint32_t connection;
  Peer* peer = Nodes::peer_of_handle(handle, &connection);
  if (peer == nullptr) return p.badarg();
  if (peer->input_handler.load() != p.pid.bits()) return p.error(atoms::notsup);
  ByteScratch scratch;
  const ByteSpan bytes = data.is_nil() ? ByteSpan() : binary_bytes(data, scratch);
  if (!peer->receive(scheduler_of(p), connection, bytes)) {
    peer->close(scheduler_of(p), connection);
  }
  p.charge(5 + static_cast<int64_t>(bytes.size() / 64));
  return atoms::ok;
}

// One packet as a list of binaries.
Term packet_data(Process& p, const Frame& frame) {
  Term list = Term::nil();
  if (frame.body_size != 0) {
    Term body;
    if (frame.body_size <= kHeapBitsLimit) {
      body = make_binary(p.heap, ByteSpan(frame.body, frame.body_size));
    } else {
      frame.holder->retain();
      const size_t from = static_cast<size_t>(frame.body - frame.holder->bytes);
      const Term whole = make_bits_of(p.heap, frame.holder, frame.holder->capacity * 8);
      body = make_part(p.heap, whole, from * 8, frame.body_size * 8);
    }
    list = make_cons(p.heap, body, list);
  }
  return make_cons(p.heap, make_binary(p.heap, frame.head), list);
}

Term dist_ctrl_get_data_1(Process& p, Term handle) {
  const Controlled control = controlled(p, handle);
  if (control.peer == nullptr) return Term::none();
  Frame frame;
  if (!control.peer->take_frame(scheduler_of(p), control.connection, &frame)) return atoms::none;
  p.charge(5);
  const Term data = packet_data(p, frame);
  if (!control.peer->wants_size.load()) return data;
  return make_tuple(p.heap, {make_unsigned(p.heap, frame.size()), data});
}

Term dist_ctrl_get_data_notification_1(Process& p, Term handle) {
  const Controlled control = controlled(p, handle);
  if (control.peer == nullptr) return Term::none();
  control.peer->notify_of_frames(scheduler_of(p), control.connection);
  return atoms::ok;
}

Term dist_ctrl_set_opt_3(Process& p, Term handle, Term option, Term value) {
  const Controlled control = controlled(p, handle);
  if (control.peer == nullptr) return Term::none();
  const bool valid = value == atoms::true_ || value == atoms::false_;
  if (!(option == atoms::get_size) || !valid) return p.badarg();
  return boolean(control.peer->wants_size.exchange(value == atoms::true_));
}

Term dist_ctrl_get_opt_2(Process& p, Term handle, Term option) {
  const Controlled control = controlled(p, handle);
  if (control.peer == nullptr) return Term::none();
  return option == atoms::get_size ? boolean(control.peer->wants_size.load()) : p.badarg();
}

Term dist_get_stat_1(Process& p, Term handle) {
  uint32_t connection;
  Peer* peer = Nodes::peer_of_handle(handle, &connection);
  Peer::Statistics statistics{};
  if (peer == nullptr || !peer->statistics(connection, &statistics)) return p.badarg();
  return make_tuple(
      p.heap, {atoms::ok, make_integer(p.heap, statistics.received),
               make_integer(p.heap, statistics.sent), make_integer(p.heap, statistics.pending)});
}

// Whether the node of the pid takes more than Latin-1 from an I/O server.
Term dflag_unicode_io_1(Process& p, Term pid) {
  if (!is_pid(pid)) return p.badarg();
  if (pid.is_local_pid()) return atoms::true_;
  Peer* peer = Nodes::of(p).find(external_node(pid)->name);
  return boolean(peer != nullptr && peer->channel().has(dist_flags::kUnicodeIo));
}

constexpr NativeEntry kDistNatives[] = {
    {"erlang", "setnode", native<setnode_2>},
    {"erlang", "dist_ctrl_input_handler", native<dist_ctrl_input_handler_2>},
    {"erlang", "dist_ctrl_put_data", native<dist_ctrl_put_data_2>},
    {"erlang", "dist_ctrl_get_data", native<dist_ctrl_get_data_1>},
    {"erlang", "dist_ctrl_get_data_notification", native<dist_ctrl_get_data_notification_1>},
    {"erlang", "dist_ctrl_set_opt", native<dist_ctrl_set_opt_3>},
    {"erlang", "dist_ctrl_get_opt", native<dist_ctrl_get_opt_2>},
    {"erlang", "dist_get_stat", native<dist_get_stat_1>},
    {"erts_internal", "get_creation", native<get_creation_0>},
    {"erts_internal", "get_dflags", native<get_dflags_0>},
    {"erts_internal", "new_connection", native<new_connection_1>},
    {"erts_internal", "abort_pending_connection", native<abort_pending_connection_2>},
    {"erts_internal", "create_dist_channel", native<create_dist_channel_3>},
    {"net_kernel", "dflag_unicode_io", native<dflag_unicode_io_1>},
};

}  // namespace

std::span<const NativeEntry> erlang_dist_natives() { return kDistNatives; }

}  // namespace joist
