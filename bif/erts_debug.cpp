// Natives of module erts_debug that look at terms.
#include <algorithm>
#include <vector>

#include "bif/registry.h"
#include "bif/step_budget.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/term/hamt.h"
#include "vm/term/map.h"

namespace joist {
namespace {

Term charged_size(Process& p, size_t words) {
  p.charge(static_cast<int64_t>(words) / kCellsPerReduction);
  return make_unsigned(p.heap, words);
}

Term flat_size_1(Process& p, Term term) { return charged_size(p, flat_size(term)); }

// Literals do not count.
Term size_shared_1(Process& p, Term term) {
  const LiteralSpace* literals = p.runtime->literals;
  const bool is_literal = term.is_pointer() && literals != nullptr && literals->contains(term);
  return charged_size(p, is_literal ? 0 : shared_size(term));
}

// Whether two terms are the same word: one object, or the same immediate.
Term same_2(Process&, Term a, Term b) { return boolean(a == b); }

// A copy, with or without copies of the literals in it.
Term copy_shared_2(Process& p, Term term, Term copy_literals) {
  if (copy_literals != atoms::true_ && copy_literals != atoms::false_) return p.badarg();
  const LiteralSpace* shared = copy_literals == atoms::true_ ? nullptr : p.runtime->literals;
  p.charge(static_cast<int64_t>(copy_size(term, shared)) / kCellsPerReduction);
  return copy_term(p.heap, term, shared);
}

// [{depth, D}, {arrays, 0, []}, {bitmaps, N, ByChildren}, {leafs, N, ByDepth}] of a hash map's
// trie, which has no nodes of a kind of their own for full slots (vm/term/hamt.h).
struct TrieShape {
  static constexpr size_t kKinds = 16;
  size_t depth = 0;
  size_t nodes = 0;
  size_t pairs = 0;
  size_t nodes_of[kKinds] = {};  // by the number of their entries, less one
  size_t pairs_at[kKinds] = {};  // by how deep they are

  void visit(const Word* root) {
    struct Place {
      const Word* node;
      size_t level;
    };
    std::vector<Place> places = {{root, 0}};
    while (!places.empty()) {
      const Place at = places.back();
      places.pop_back();
      count(at.level, hamt_pair_count(*at.node), hamt_child_count(*at.node));
      const Term* children = hamt_entries(at.node) + size_t{2} * hamt_pair_count(*at.node);
      for (size_t i = 0; i < hamt_child_count(*at.node); ++i) {
        const Term child = children[i];
        if (is_hamt_collision(child)) {
          count(at.level + 1, hamt_collision_pairs(hamt_node(child)), 0);
        } else {
          places.push_back({hamt_node(child), at.level + 1});
        }
      }
    }
  }

  void count(size_t level, size_t own_pairs, size_t children) {
    ++nodes;
    pairs += own_pairs;
    pairs_at[std::min(level + 1, kKinds - 1)] += own_pairs;
    if (own_pairs != 0) depth = std::max(depth, level + 1);
    ++nodes_of[std::min(own_pairs + children, kKinds) - 1];
  }
};

Term counts_tuple(Process& p, std::span<const size_t> counts) {
  const Term tuple = make_tuple_uninitialised(p.heap, counts.size());
  for (size_t i = 0; i < counts.size(); ++i) {
    tuple_elements(tuple)[i] = Term::small(static_cast<int64_t>(counts[i]));
  }
  return tuple;
}

Term map_info_1(Process& p, Term map) {
  if (!is_map(map)) return p.error_tuple(atoms::badmap, map);
  if (is_flat_map(map)) return p.badarg();
  TrieShape shape;
  shape.visit(hamt_root(map));
  p.charge(static_cast<int64_t>(shape.nodes) / kCellsPerReduction);
  const auto number = [](size_t n) { return Term::small(static_cast<int64_t>(n)); };
  ListBuilder info(p.heap);
  info.add(make_tuple(p.heap, {must_atom("depth"), number(shape.depth)}));
  info.add(make_tuple(p.heap, {must_atom("arrays"), Term::small(0), Term::nil()}));
  info.add(make_tuple(
      p.heap, {must_atom("bitmaps"), number(shape.nodes), counts_tuple(p, shape.nodes_of)}));
  info.add(make_tuple(p.heap,
                      {must_atom("leafs"), number(shape.pairs), counts_tuple(p, shape.pairs_at)}));
  return info.finish();
}

// Lock counting is not built in: OTP's answers in that case.
Term lcnt_clear_0(Process&) { return atoms::error; }
Term lcnt_collect_0(Process&) { return atoms::error; }
Term lcnt_control_1(Process& p, Term) { return p.badarg(); }
Term lcnt_control_2(Process& p, Term, Term) { return p.badarg(); }

constexpr NativeEntry kErtsDebugNatives[] = {
    {"erts_debug", "copy_shared", native<copy_shared_2>},
    {"erts_debug", "flat_size", native<flat_size_1>},
    {"erts_debug", "lcnt_clear", native<lcnt_clear_0>},
    {"erts_debug", "lcnt_collect", native<lcnt_collect_0>},
    {"erts_debug", "lcnt_control", native<lcnt_control_1>},
    {"erts_debug", "lcnt_control", native<lcnt_control_2>},
    {"erts_debug", "map_info", native<map_info_1>},
    {"erts_debug", "same", native<same_2>},
    {"erts_debug", "size_shared", native<size_shared_1>},
};

}  // namespace

std::span<const NativeEntry> erts_debug_natives() { return kErtsDebugNatives; }

}  // namespace joist
