// Nodes and who is connected to them (https://www.erlang.org/doc/man/erlang#nodes-1).
#include "bif/persistent.h"
#include "bif/registry.h"
#include "vm/dist/relations.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/proc/process_extras.h"
#include "vm/term/atoms_net.h"
#include "vm/term/map.h"

namespace joist {

namespace {

bool is_boolean(Term term) { return term == atoms::true_ || term == atoms::false_; }

// What nodes/1 is asked for.
struct Wanted {
  bool this_node = false;
  bool visible = false;
  bool hidden = false;
  bool others = false;  // known, but not connected
};

bool add_wanted(Term kind, Wanted* wanted) {
  const bool known = kind == atoms::known;
  const bool connected = known || kind == atoms::connected;
  const bool this_node = known || kind == atoms::this_;
  const bool visible = connected || kind == atoms::visible;
  const bool hidden = connected || kind == atoms::hidden;
  wanted->this_node |= this_node;
  wanted->visible |= visible;
  wanted->hidden |= hidden;
  wanted->others |= known;
  return this_node || visible || hidden;
}

std::optional<Wanted> wanted_nodes(Term kinds) {
  Wanted wanted;
  if (kinds.is_atom()) return add_wanted(kinds, &wanted) ? std::optional(wanted) : std::nullopt;
  for (; kinds.is_list(); kinds = kinds.tail()) {
    if (!add_wanted(kinds.head(), &wanted)) return std::nullopt;
  }
  return kinds.is_nil() ? std::optional(wanted) : std::nullopt;
}

struct NodeEntry {
  Term name;
  Term type;
  uint32_t connection = 0;  // 0: none
};

std::vector<NodeEntry> list_nodes(Process& p, const Wanted& wanted) {
  std::vector<NodeEntry> nodes;
  for (Peer* peer : Nodes::of(p).all()) {
    const Peer::Info info = peer->info();
    if (peer->name() == local_node()->name) continue;
    if (info.state != Channel::State::kUp) {
      if (wanted.others) nodes.push_back({peer->name(), atoms::known});
    } else if (info.is_hidden ? wanted.hidden : wanted.visible) {
      const Term type = info.is_hidden ? atoms::hidden : atoms::visible;
      nodes.push_back({peer->name(), type, info.connection});
    }
    p.charge(1);
  }
  if (wanted.this_node) nodes.push_back({local_node()->name, atoms::this_});
  return nodes;
}

Term nodes_1(Process& p, Term kinds) {
  const std::optional<Wanted> wanted = wanted_nodes(kinds);
  if (!wanted) return p.badarg();
  ListBuilder list(p.heap);
  for (const NodeEntry& node : list_nodes(p, *wanted)) list.add(node.name);
  return list.finish();
}

Term nodes_0(Process& p) { return nodes_1(p, atoms::visible); }

// With #{connection_id => true, node_type => true}: [{Node, #{...}}].
Term nodes_2(Process& p, Term kinds, Term options) {
  const std::optional<Wanted> wanted = wanted_nodes(kinds);
  if (!wanted || !is_flat_map(options)) return p.badarg();
  bool connection_id = false;
  bool node_type = false;
  for (size_t i = 0; i < flat_map_size(options); ++i) {
    const Term key = flat_map_keys(options)[i];
    const Term value = flat_map_values(options)[i];
    if (!is_boolean(value)) return p.badarg();
    if (key == atoms::connection_id) {
      connection_id = value == atoms::true_;
    } else if (key == atoms::node_type) {
      node_type = value == atoms::true_;
    } else {
      return p.badarg();
    }
  }
  ListBuilder list(p.heap);
  for (const NodeEntry& node : list_nodes(p, *wanted)) {
    std::vector<Term> info;
    if (connection_id) {
      const Term id = node.connection == 0 ? atoms::undefined : Term::small(node.connection);
      info.insert(info.end(), {atoms::connection_id, id});
    }
    if (node_type) info.insert(info.end(), {atoms::node_type, node.type});
    const Term map = make_map(p.heap, std::span<const Term>(info));
    list.add(make_tuple(p.heap, {node.name, map}));
  }
  return list.finish();
}

// --- monitor_node ---

// erlang:is_alive/0: also while it waits for another node to give it its name.
bool is_alive(Process& p) {
  if (Nodes::of(p).is_alive()) return true;
  Allocator scratch;
  const Term key = make_tuple(scratch, {atoms::erts_internal, atoms::dynamic_node_name});
  const Term value = p.runtime->persistent->get(key);
  return !value.is_none() && !(value == atoms::false_);
}

Term monitor_node_3(Process& p, Term node, Term flag, Term options) {
  bool passive = false;
  Term rest = options;
  for (; rest.is_list(); rest = rest.tail()) {
    if (!(rest.head() == atoms::allow_passive_connect)) return p.badarg(atoms::badopt);
    passive = true;
  }
  if (!rest.is_nil()) return p.badarg(atoms::badopt);
  if (!node.is_atom()) return p.badarg();
  if (!(node == atoms::nonode_nohost) && !is_alive(p)) return p.error(atoms::notalive);
  if (!is_boolean(flag)) return p.badarg();
  if (node == local_node()->name) return atoms::true_;
  if (flag == atoms::false_) {
    demonitor_node(p, node);
    return atoms::true_;
  }
  Peer& peer = Nodes::of(p).peer(node);
  // With a passive connection net_kernel is asked first, which waits until it is up.
  const bool waits = passive && peer.channel().state != Channel::State::kUp;
  if (!waits && monitor_node(p, peer)) return atoms::true_;
  return p.trap(atoms::erlang, atoms::dmonitor_node, {node, flag, options});
}

Term monitor_node_2(Process& p, Term node, Term flag) {
  return monitor_node_3(p, node, flag, Term::nil());
}

constexpr NativeEntry kNodeNatives[] = {
    {"erlang", "monitor_node", native<monitor_node_2>},
    {"erlang", "monitor_node", native<monitor_node_3>},
    {"erlang", "nodes", native<nodes_0>},
    {"erlang", "nodes", native<nodes_1>},
    {"erlang", "nodes", native<nodes_2>},
};

}  // namespace

std::span<const NativeEntry> erlang_node_natives() { return kNodeNatives; }

}  // namespace joist
