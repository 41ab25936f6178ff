// What processes do to those of other nodes.
#include "vm/dist/relations.h"

#include "vm/dist/join.h"
#include "vm/heap/copy.h"
#include "vm/sched/deliver.h"
#include "vm/sched/signal_handler.h"
#include "vm/term/atoms_net.h"

namespace joist {

bool join(Process& p, Peer& peer, uint32_t connection) {
  std::map<Word, uint32_t>& joined = p.make_relations().make_remote().joined;
  const auto found = joined.find(peer.name().bits());
  if (found != joined.end() && found->second == connection) return true;
  if (!peer.join(p.pid, connection)) return false;
  joined[peer.name().bits()] = connection;
  return true;
}

namespace {

Line line_to(Process& p, Term node) {
  Nodes& nodes = Nodes::of(p);
  Peer& peer = nodes.peer(node);
  return {nodes, peer, nodes.connect(p, peer), p.registers->scheduler};
}

Line line_of_pid(Process& p, Term pid) { return line_to(p, external_node(pid)->name); }

bool has_joined(Process& p, const Line& line) {
  return line.channel.exists() && join(p, line.peer, line.channel.connection);
}

Term own_reference(Allocator& heap, uint64_t id) { return make_ref(heap, reference_numbers(id)); }

}  // namespace

void link_remote(Process& p, Term pid, bool is_priority) {
  const Line line = line_of_pid(p, pid);
  const bool joined = has_joined(p, line);
  RemoteLink& link = p.make_relations().make_remote().links[RemotePid::of(pid)];
  link.is_priority = is_priority;
  if (link.connection != 0 && link.unlinking == 0) return;  // it is linked already
  link = {0, line.channel.connection, is_priority};
  if (joined && send_link(line, p.pid, pid) == SendStatus::kSent) return;
  deliver(
      p, p,
      new_exit_of_other_node(SignalKind::kLinkExit, pid, atoms::noconnection, p.runtime->literals));
}

void unlink_remote(Process& p, Term pid) {
  if (p.relations == nullptr || p.relations->remote == nullptr) return;
  auto& links = p.relations->remote->links;
  const auto link = links.find(RemotePid::of(pid));
  if (link == links.end() || link->second.unlinking != 0) return;
  const uint64_t id = p.relations->next_unlink++;
  const std::optional<Line> line = line_with(p, external_node(pid)->name, link->second.connection);
  const bool sent = line && send_unlink(*line, id, p.pid, pid) == SendStatus::kSent;
  if (!sent || !line->channel.has(dist_flags::kUnlinkId)) {
    links.erase(link);
  } else {
    link->second.unlinking = id;
  }
}

void exit_remote(Process& p, Term target, Term reason, bool is_priority) {
  const Line line = line_to(p, external_node(target)->name);
  if (line.channel.exists()) send_exit_2(line, {p.pid, target, reason, is_priority});
}

void lead_remote(Process& p, Term leader, Term pid) {
  const Line line = line_of_pid(p, pid);
  if (line.channel.exists()) send_group_leader(line, leader, pid);
}

// --- monitors ---

void monitor_remote(Process& p, uint64_t id, MonitorKind kind, Term pid, Term name, Term node,
                    Signal* tag, bool is_priority) {
  const Line line = line_to(p, node);
  const bool joined = has_joined(p, line);
  Relations& relations = p.make_relations();
  relations.monitors[id] = Monitor{kind, Term::none(), name, node, tag, is_priority};
  RemoteTarget& target = relations.make_remote().monitors[id];
  target.node = node;
  target.connection = line.channel.connection;
  target.name = name;
  if (!pid.is_none()) target.pid = RemotePid::of(pid);
  const Term watched = pid.is_none() ? name : pid;
  Allocator scratch;
  if (joined &&
      send_monitor(line, p.pid, watched, own_reference(scratch, id)) == SendStatus::kSent) {
    return;
  }
  deliver(p, p, new_down_of_other_node(id, watched, atoms::noconnection, p.runtime->literals));
}

void Nodes::demonitor(Process& p, uint64_t id) {
  auto& monitors = p.relations->make_remote().monitors;
  const auto found = monitors.find(id);
  if (found == monitors.end()) return;
  const RemoteTarget target = found->second;
  monitors.erase(found);
  const std::optional<Line> line = line_with(p, target.node, target.connection);
  if (!line) return;
  Allocator scratch;
  const Term watched = target.pid.node == nullptr ? target.name : target.pid.term(scratch);
  send_demonitor(*line, p.pid, watched, own_reference(scratch, id));
}

bool monitor_node(Process& p, Peer& peer) {
  const Line line = line_to(p, peer.name());
  if (!has_joined(p, line)) return false;
  auto& nodes = p.relations->remote->nodes;
  for (NodeMonitor& monitor : nodes) {
    if (monitor.node == peer.name() && monitor.connection == line.channel.connection) {
      ++monitor.count;
      return true;
    }
  }
  nodes.push_back({peer.name(), line.channel.connection, 1});
  return true;
}

void demonitor_node(Process& p, Term node) {
  if (p.relations == nullptr || p.relations->remote == nullptr) return;
  auto& nodes = p.relations->remote->nodes;
  for (size_t i = nodes.size(); i-- > 0;) {
    if (!(nodes[i].node == node)) continue;
    if (--nodes[i].count == 0) nodes.erase(nodes.begin() + static_cast<ptrdiff_t>(i));
    return;
  }
}

// --- spawning ---

Term spawn_remote(Process& p, uint64_t id, const SpawnCall& call) {
  const Line line = line_to(p, call.node);
  if (!has_joined(p, line)) return atoms::noconnection;
  if (!line.channel.has(dist_flags::kSpawn)) return atoms::notsup;
  Allocator scratch;
  const SendStatus status =
      send_spawn_request(line, own_reference(scratch, id), p.pid, p.group_leader, call.function,
                         call.options, call.arguments);
  if (status == SendStatus::kTooLong) return atoms::system_limit;
  if (status == SendStatus::kLost) return atoms::noconnection;
  SpawnRequest& request = p.make_relations().make_remote().spawns[id];
  request = call.request;
  request.node = call.node;
  request.connection = line.channel.connection;
  return atoms::ok;
}

bool abandon_spawn(Process& p, uint64_t id) {
  if (p.relations == nullptr || p.relations->remote == nullptr) return false;
  auto& spawns = p.relations->remote->spawns;
  const auto found = spawns.find(id);
  if (found == spawns.end() || found->second.abandoned) return false;
  found->second.abandoned = true;
  return true;
}

// --- the end of a process ---

namespace {

void end_link(Process& p, const RemotePid& other, const RemoteLink& link) {
  const std::optional<Line> line = line_with(p, other.node->name, link.connection);
  if (!line || link.unlinking != 0) return;
  Allocator scratch;
  send_link_exit(*line, p.pid, other.term(scratch), p.exit_reason);
}

void end_watcher(Process& p, const RemoteReference& reference, const RemoteWatcher& watcher) {
  const std::optional<Line> line = line_with(p, watcher.process.node->name, watcher.connection);
  if (!line) return;
  if (!watcher.name.is_none()) line->peer.take_named(reference);
  Allocator scratch;
  const Term watched = watcher.name.is_none() ? p.pid : watcher.name;
  send_monitor_exit(*line, watched, watcher.process.term(scratch), reference.term(scratch),
                    p.exit_reason);
}

template <typename Map, typename End>
bool end_each(Process& p, Map& map, End end) {
  while (!map.empty()) {
    if (p.out_of_budget()) return false;
    end(p, map.begin()->first, map.begin()->second);
    map.erase(map.begin());
    p.charge(4);
  }
  return true;
}

}  // namespace

bool Nodes::end_relations(Process& p) {
  RemoteRelations& remote = *p.relations->remote;
  if (!end_each(p, remote.links, end_link)) return false;
  if (!end_each(p, remote.watchers, end_watcher)) return false;
  for (const auto& [node, connection] : remote.joined) {
    if (Peer* peer = find(Term::from_bits(node))) peer->leave(p.pid);
  }
  remote.joined.clear();
  return true;
}

}  // namespace joist
