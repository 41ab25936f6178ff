// This node, and the others it knows.
#include "vm/dist/nodes.h"
#include "vm/engine/dump/sections.h"
#include "vm/heap/builder.h"
#include "vm/proc/relations.h"
#include "vm/sched/remote_nodes.h"
#include "vm/term/node.h"

namespace joist {

namespace {

void pair_line(const Dump& dump, const char* what, Term local, Term remote) {
  dump.out.text(what);
  dump.out.term(local);
  dump.out.byte(' ');
  dump.out.term(remote);
  dump.out.byte('\n');
}

void dump_remote_monitors(const Dump& dump, const Process& p, Term node) {
  Allocator scratch;
  const RemoteRelations& remote = *p.relations->remote;
  for (const auto& [reference, watcher] : remote.watchers) {
    if (!(watcher.process.node->name == node)) continue;
    pair_line(dump, "Remotely monitored by: ", p.pid, watcher.process.term(scratch));
  }
  for (const auto& [id, target] : remote.monitors) {
    const bool is_named = target.pid.node == nullptr;
    if (!((is_named ? target.node : target.pid.node->name) == node)) continue;
    const Term watched =
        is_named ? make_tuple(scratch, {target.name, target.node}) : target.pid.term(scratch);
    pair_line(dump, "Remote monitoring: ", p.pid, watched);
  }
}

void dump_remote_links(const Dump& dump, const Process& p, Term node) {
  Allocator scratch;
  for (const auto& [other, link] : p.relations->remote->links) {
    if (link.unlinking != 0 || !(other.node->name == node)) continue;
    pair_line(dump, "Remote link: ", p.pid, other.term(scratch));
  }
}

void dump_peer(const Dump& dump, Peer& peer, const std::vector<const Process*>& related) {
  const Peer::Info info = peer.info();
  const bool is_up = info.state == Channel::State::kUp;
  const char* tag = !is_up           ? "=not_connected:"
                    : info.is_hidden ? "=hidden_node:"
                                     : "=visible_node:";
  dump.out.print("%s%u\nName: ", tag, peer.name().atom_index());
  dump.out.term(peer.name());
  dump.out.byte('\n');
  if (!is_up) return;
  dump.out.text("Controller: ");
  dump.out.term(info.controller);
  dump.out.print("\nCreation: %u\n", info.creation);
  for (const Process* process : related) dump_remote_monitors(dump, *process, peer.name());
  for (const Process* process : related) dump_remote_links(dump, *process, peer.name());
}

}  // namespace

void dump_nodes(const Dump& dump) {
  dump.out.text("=node:");
  dump.out.term(local_node()->name);
  dump.out.byte('\n');
  auto* nodes = static_cast<Nodes*>(remote_nodes(dump.runtime));
  if (nodes == nullptr || local_node()->name == must_atom("nonode@nohost")) {
    return dump.out.text("=no_distribution\n");
  }
  std::vector<const Process*> related;
  for (const Process* process : all_processes(dump.runtime)) {
    const Relations* relations = process->is_exiting ? nullptr : process->relations;
    if (relations != nullptr && relations->remote != nullptr) related.push_back(process);
  }
  std::vector<Peer*> peers = nodes->all();
  for (const bool is_up : {true, false}) {
    for (Peer* peer : peers) {
      if ((peer->info().state == Channel::State::kUp) == is_up) dump_peer(dump, *peer, related);
    }
  }
}

}  // namespace joist
