// What processes of other nodes do to those of this one, in the thread of the process it is done
// to. Each is a request signal with a tuple as value and the connection as detail.
#include <utility>

#include "vm/dist/join.h"
#include "vm/dist/relations.h"
#include "vm/heap/copy.h"
#include "vm/sched/deliver.h"
#include "vm/sched/request.h"
#include "vm/sched/signal_handler.h"
#include "vm/term/atoms_net.h"

namespace joist {

std::optional<Line> line_with(Process& p, Term node, uint32_t connection) {
  Nodes& nodes = Nodes::of(p);
  Peer* peer = nodes.find(node);
  if (peer == nullptr) return std::nullopt;
  const Channel channel = peer->channel();
  if (!channel.exists() || channel.connection != connection) return std::nullopt;
  return Line{nodes, *peer, channel, p.registers->scheduler};
}

namespace {

bool tell(const RemoteNews& news, Signal::Request request, std::initializer_list<Term> arguments) {
  Allocator scratch;
  const Runtime& runtime = news.line.nodes.runtime();
  const Term value = make_tuple(scratch, arguments);
  Signal* signal = new_signal_of(SignalKind::kRequest, Term::none(), value, runtime.literals);
  signal->request = request;
  signal->detail = news.line.channel.connection;
  return deliver(runtime, news.line.scheduler, news.to, signal);
}

std::optional<Line> line_back(Process& p, Term pid, const Signal& signal) {
  return line_with(p, external_node(pid)->name, signal.detail);
}

RemoteRelations* remote_of(Process& p) {
  return p.relations == nullptr ? nullptr : p.relations->remote.get();
}

uint64_t integer_value(Term integer) {
  return integer.is_small() ? static_cast<uint64_t>(integer.small_value()) : big_limbs(integer)[0];
}

void end_by_lost_connection(Process& p, Term other) {
  handle_own_signal(p, new_exit_of_other_node(SignalKind::kLinkExit, other, atoms::noconnection,
                                              p.runtime->literals));
}

// --- links ---

void add_link(Process& p, const std::optional<Line>& line, Term from, uint32_t connection,
              bool is_priority = false) {
  const bool joined = line && join(p, line->peer, connection);
  p.make_relations().make_remote().links.try_emplace(RemotePid::of(from),
                                                     RemoteLink{0, connection, is_priority});
  if (!joined) end_by_lost_connection(p, from);
}

// {From}
void on_link(Process& p, Signal& signal) {
  const Term from = request_arguments(signal)[0];
  const std::optional<Line> line = line_back(p, from, signal);
  if (!p.is_exiting) return add_link(p, line, from, signal.detail);
  if (line) send_link_exit(*line, p.pid, from, atoms::noproc);
}

// {From, Id}
void on_unlink(Process& p, Signal& signal) {
  const std::span<const Term> arguments = request_arguments(signal);
  const Term from = arguments[0];
  if (RemoteRelations* remote = remote_of(p)) {
    const auto link = remote->links.find(RemotePid::of(from));
    if (link != remote->links.end() && link->second.unlinking == 0) remote->links.erase(link);
  }
  const uint64_t id = integer_value(arguments[1]);
  if (id == 0) return;
  if (const std::optional<Line> line = line_back(p, from, signal)) {
    send_unlink_ack(*line, id, p.pid, from);
  }
}

// {From, Id}
void on_unlink_ack(Process& p, Signal& signal) {
  const std::span<const Term> arguments = request_arguments(signal);
  RemoteRelations* remote = remote_of(p);
  if (remote == nullptr) return;
  const auto link = remote->links.find(RemotePid::of(arguments[0]));
  if (link == remote->links.end()) return;
  if (link->second.unlinking == integer_value(arguments[1])) remote->links.erase(link);
}

// --- monitors ---

// {Watcher, Ref, Name | []}
void on_monitor(Process& p, Signal& signal) {
  const std::span<const Term> arguments = request_arguments(signal);
  const std::optional<Line> line = line_back(p, arguments[0], signal);
  if (!line) return;
  const Term name = arguments[2].is_nil() ? Term::none() : arguments[2];
  const RemoteReference reference = RemoteReference::of(arguments[1]);
  if (p.is_exiting) {
    line->peer.take_named(reference);
    const Term watched = name.is_none() ? p.pid : name;
    send_monitor_exit(*line, watched, arguments[0], arguments[1], atoms::noproc);
    return;
  }
  if (!join(p, line->peer, signal.detail)) return;
  p.relations->remote->watchers.try_emplace(
      reference, RemoteWatcher{RemotePid::of(arguments[0]), name, signal.detail});
}

// {Ref}
void on_demonitor(Process& p, Signal& signal) {
  if (RemoteRelations* remote = remote_of(p)) {
    remote->watchers.erase(RemoteReference::of(request_arguments(signal)[0]));
  }
}

// {GroupLeader}
void on_group_leader(Process& p, Signal& signal) {
  if (p.is_exiting) return;
  // In a fragment of its own: one that the heap makes is as large as all before it together, and a
  // process that only receives may be told of leaders often between two collections.
  Allocator fragment;
  const Term leader = copy_term(fragment, request_arguments(signal)[0], p.runtime->literals);
  p.heap.adopt(fragment);
  p.group_leader = leader;
}

// --- spawning ---

void append_message(Process& p, Term message) {
  p.messages.append(
      new_signal_of(SignalKind::kMessage, Term::none(), message, p.runtime->literals));
}

void reply_to_spawn(Process& p, const SpawnRequest& request, uint64_t id, Term kind, Term value) {
  const bool wanted = kind == atoms::ok ? request.reply_on_success : request.reply_on_error;
  if (!wanted) return;
  Allocator scratch;
  RefNumbers numbers = reference_numbers(id);
  if (p.relations->aliases.contains(id)) set_alias_owner(numbers, p.pid);
  const Term tag =
      request.reply_tag == nullptr ? Term(atoms::spawn_reply) : request.reply_tag->value;
  append_message(p, make_tuple(scratch, {tag, make_ref(scratch, numbers), kind, value}));
}

void forget_spawn(SpawnRequest& request) {
  if (request.reply_tag != nullptr) release_signal(request.reply_tag);
  if (request.monitor_tag != nullptr) release_signal(request.monitor_tag);
  request.reply_tag = request.monitor_tag = nullptr;
}

void fail_spawn(Process& p, uint64_t id, SpawnRequest& request, Term reason) {
  if (!p.is_exiting && !request.abandoned) {
    reply_to_spawn(p, request, id, atoms::error, reason);
    p.relations->aliases.erase(id);
  }
  forget_spawn(request);
}

// Nobody waits for the process any more: it is told that it is not linked and not monitored.
void disown_child(Process& p, const Line& line, Term reference, Term child, uint32_t flags,
                  Term reason) {
  if ((flags & kSpawnedMonitored) != 0) send_demonitor(line, p.pid, child, reference);
  if ((flags & kSpawnedLinked) != 0) send_link_exit(line, p.pid, child, reason);
}

void take_child(Process& p, const std::optional<Line>& line, uint64_t id, SpawnRequest& request,
                Term child, uint32_t flags) {
  Relations& relations = *p.relations;
  reply_to_spawn(p, request, id, atoms::ok, child);
  if ((flags & kSpawnedMonitored) != 0) {
    relations.monitors[id] = Monitor{MonitorKind::kProcess,
                                     Term::none(),
                                     Term::none(),
                                     request.node,
                                     std::exchange(request.monitor_tag, nullptr),
                                     request.is_priority_monitor};
    relations.remote->monitors[id] = {RemotePid::of(child), Term::none(), request.node,
                                      request.connection};
  }
  if ((flags & kSpawnedLinked) != 0) {
    add_link(p, line, child, request.connection, request.is_priority_link);
  }
}

// {Ref, Flags, Pid | Error}
void on_spawn_reply(Process& p, Signal& signal) {
  const std::span<const Term> arguments = request_arguments(signal);
  const uint64_t id = reference_id(arguments[0]);
  const auto flags = static_cast<uint32_t>(arguments[1].small_value());
  const Term result = arguments[2];
  RemoteRelations* remote = remote_of(p);
  const bool is_known = remote != nullptr && remote->spawns.contains(id);
  SpawnRequest request;
  if (is_known) {
    request = remote->spawns[id];
    remote->spawns.erase(id);
  }
  if (result.is_atom()) {
    if (is_known) fail_spawn(p, id, request, result);
    return;
  }
  const std::optional<Line> line = line_back(p, result, signal);
  if (is_known && !request.abandoned && !p.is_exiting) {
    take_child(p, line, id, request, result, flags);
  } else if (line) {
    const Term reason = p.is_exiting ? p.exit_reason : Term(atoms::abandoned);
    disown_child(p, *line, arguments[0], result, flags, reason);
  }
  forget_spawn(request);
}

// --- lost connections ---

// Takes out of the map what belongs to the connection.
template <typename Key, typename Value, typename IsLost>
std::vector<std::pair<Key, Value>> take_lost(std::map<Key, Value>& map, IsLost is_lost) {
  std::vector<std::pair<Key, Value>> lost;
  for (auto place = map.begin(); place != map.end();) {
    if (is_lost(place->first, place->second)) {
      lost.push_back(*place);
      place = map.erase(place);
    } else {
      ++place;
    }
  }
  return lost;
}

void end_lost_monitors(Process& p, RemoteRelations& remote, Term node, uint32_t connection) {
  std::vector<std::pair<uint64_t, RemoteTarget>> lost;
  for (const auto& [id, target] : remote.monitors) {
    if (target.node == node && target.connection == connection) lost.emplace_back(id, target);
  }
  for (const auto& [id, target] : lost) {
    Allocator scratch;
    const Term watched = target.pid.node == nullptr ? target.name : target.pid.term(scratch);
    handle_own_signal(
        p, new_down_of_other_node(id, watched, atoms::noconnection, p.runtime->literals));
  }
}

void end_lost_links(Process& p, RemoteRelations& remote, Term node, uint32_t connection) {
  std::vector<RemotePid> lost;
  for (auto place = remote.links.begin(); place != remote.links.end();) {
    const bool is_lost = place->first.node->name == node && place->second.connection == connection;
    if (is_lost && place->second.unlinking == 0) lost.push_back(place->first);
    place = is_lost && place->second.unlinking != 0 ? remote.links.erase(place) : std::next(place);
  }
  for (const RemotePid& other : lost) {
    Allocator scratch;
    end_by_lost_connection(p, other.term(scratch));
  }
}

void tell_of_node_down(Process& p, RemoteRelations& remote, Term node, uint32_t connection) {
  for (size_t i = remote.nodes.size(); i-- > 0;) {
    const NodeMonitor monitor = remote.nodes[i];
    if (!(monitor.node == node) || monitor.connection != connection) continue;
    remote.nodes.erase(remote.nodes.begin() + static_cast<ptrdiff_t>(i));
    Allocator scratch;
    const Term message = make_tuple(scratch, {atoms::nodedown, node});
    for (uint32_t n = 0; n < monitor.count; ++n) append_message(p, message);
  }
}

// {Node}
void on_connection_lost(Process& p, Signal& signal) {
  RemoteRelations* remote = remote_of(p);
  if (remote == nullptr) return;
  const Term node = request_arguments(signal)[0];
  const uint32_t connection = signal.detail;
  const auto joined = remote->joined.find(node.bits());
  if (joined != remote->joined.end() && joined->second == connection) remote->joined.erase(joined);
  const auto is_lost = [&](const auto&, const auto& watcher) {
    return watcher.process.node->name == node && watcher.connection == connection;
  };
  take_lost(remote->watchers, is_lost);
  auto spawns = take_lost(remote->spawns, [&](const auto&, const auto& spawn) {
    return spawn.node == node && spawn.connection == connection;
  });
  end_lost_monitors(p, *remote, node, connection);
  for (auto& [id, spawn] : spawns) fail_spawn(p, id, spawn, atoms::noconnection);
  end_lost_links(p, *remote, node, connection);
  if (!p.is_exiting) tell_of_node_down(p, *remote, node, connection);
}

}  // namespace

Signal* new_connection_lost(Term node, uint32_t connection) {
  Allocator scratch;
  Signal* signal =
      new_signal_of(SignalKind::kRequest, Term::none(), make_tuple(scratch, {node}), nullptr);
  signal->request = on_connection_lost;
  signal->detail = connection;
  return signal;
}

bool tell_of_link(const RemoteNews& news, Term from) { return tell(news, on_link, {from}); }
bool tell_of_unlink(const RemoteNews& news, Term from, Term id) {
  return tell(news, on_unlink, {from, id});
}
bool tell_of_unlink_ack(const RemoteNews& news, Term from, Term id) {
  return tell(news, on_unlink_ack, {from, id});
}
bool tell_of_monitor(const RemoteNews& news, Term watcher, Term reference, Term name) {
  return tell(news, on_monitor, {watcher, reference, name.is_none() ? Term::nil() : name});
}
bool tell_of_demonitor(const RemoteNews& news, Term reference) {
  return tell(news, on_demonitor, {reference});
}
bool tell_of_group_leader(const RemoteNews& news, Term leader) {
  return tell(news, on_group_leader, {leader});
}
bool tell_of_spawn(const RemoteNews& news, Term request, Term flags, Term result) {
  return tell(news, on_spawn_reply, {request, flags, result});
}

void adopt_parent(Process& child, const Line& line, Term parent, bool link, Term watch_reference) {
  if (!link && watch_reference.is_none()) return;
  // Lost meanwhile: it is told as soon as it runs.
  const uint32_t connection = line.channel.connection;
  const bool joined = join(child, line.peer, connection);
  RemoteRelations& remote = child.make_relations().make_remote();
  if (link) remote.links[RemotePid::of(parent)] = {0, connection};
  if (!watch_reference.is_none()) {
    remote.watchers[RemoteReference::of(watch_reference)] = {RemotePid::of(parent), Term::none(),
                                                             connection};
  }
  if (!joined) {
    deliver(line.nodes.runtime(), line.scheduler, child.pid,
            new_connection_lost(line.peer.name(), connection));
  }
}

}  // namespace joist
