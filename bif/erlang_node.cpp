// Nodes and who is connected to them. Joist has no distribution yet: this node is nonode@nohost and
// knows no other (https://www.erlang.org/doc/man/erlang#nodes-1).
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/term/atom.h"
#include "vm/term/map.h"

namespace joist {

namespace {

bool is_boolean(Term term) { return term == atoms::true_ || term == atoms::false_; }

// What nodes/1 is asked for.
struct Wanted {
  bool this_node = false;
};

bool add_wanted(Term kind, Wanted* wanted) {
  if (!kind.is_atom()) return false;
  const std::string_view name = atom_text(kind);
  if (name == "this" || name == "known") {
    wanted->this_node = true;
    return true;
  }
  return name == "visible" || name == "hidden" || name == "connected";
}

std::optional<Wanted> wanted_nodes(Term kinds) {
  Wanted wanted;
  if (kinds.is_atom()) return add_wanted(kinds, &wanted) ? std::optional(wanted) : std::nullopt;
  for (; kinds.is_list(); kinds = kinds.tail()) {
    if (!add_wanted(kinds.head(), &wanted)) return std::nullopt;
  }
  return kinds.is_nil() ? std::optional(wanted) : std::nullopt;
}

Term nodes_0(Process&) { return Term::nil(); }

Term nodes_1(Process& p, Term kinds) {
  const std::optional<Wanted> wanted = wanted_nodes(kinds);
  if (!wanted) return p.badarg();
  if (!wanted->this_node) return Term::nil();
  return make_cons(p.heap, atoms::nonode_nohost, Term::nil());
}

// With #{connection_id => true, node_type => true}: [{Node, #{...}}].
Term nodes_2(Process& p, Term kinds, Term options) {
  const std::optional<Wanted> wanted = wanted_nodes(kinds);
  if (!wanted || !is_flat_map(options)) return p.badarg();
  std::vector<Term> info;
  for (size_t i = 0; i < flat_map_size(options); ++i) {
    const Term key = flat_map_keys(options)[i];
    const Term value = flat_map_values(options)[i];
    if (!key.is_atom() || !is_boolean(value)) return p.badarg();
    const std::string_view name = atom_text(key);
    if (name != "connection_id" && name != "node_type") return p.badarg();
    if (!(value == atoms::true_)) continue;
    info.push_back(key);
    info.push_back(name == "node_type" ? must_atom("this") : Term(atoms::undefined));
  }
  if (!wanted->this_node) return Term::nil();
  const Term pair =
      make_tuple(p.heap, {atoms::nonode_nohost, make_map(p.heap, std::span<const Term>(info))});
  return make_cons(p.heap, pair, Term::nil());
}

Term monitor_node_3(Process& p, Term node, Term flag, Term options) {
  if (!node.is_atom() || !is_boolean(flag)) return p.badarg();
  for (; options.is_list(); options = options.tail()) {
    if (!(options.head() == must_atom("allow_passive_connect"))) return p.badarg();
  }
  if (!options.is_nil()) return p.badarg();
  if (node == atoms::nonode_nohost) return atoms::true_;
  return p.error(must_atom("notalive"));
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
