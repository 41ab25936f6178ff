// What maps.erl and erts_debug.erl need to look into maps: erts_internal:map_next/3,
// map_to_tuple_keys/1, map_hashmap_children/1.
//
// map_next(Path, Map, How) delivers the pairs from Path on, which starts at 0. A path into a
// hash map has four bits a level, from the lowest: the entry of the node (pairs first, then
// children) where to go on. Collision nodes are delivered whole.
//
//   How = iterator     {K1, V1, {K2, V2, ... none | [NextPath | Map]}}, in iteration order
//   How = list         [NextPath, Map | L], where L is the pairs in front of the list; once all
//                      pairs are there just L. Walks backwards, entry counted from the end, so
//                      that the whole list is in iteration order.
#include <algorithm>

#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/term/hamt.h"
#include "vm/term/map.h"

namespace joist {

namespace {

constexpr int64_t kPairsPerReduction = 4;
// The first call of an iteration may be the only one.
constexpr size_t kFirstPairs = 32;
// An ordered iterator looks each key up.
constexpr int64_t kReductionsPerLookup = 32;

// A place in a hash map, moving forwards or backwards.
class Walk {
 public:
  Walk(Term map, bool forwards) : forwards_(forwards) { enter(hamt_root(map)); }

  // Goes to the pair that `path` leads to; false: it leads nowhere.
  bool seek(uint64_t path) {
    for (;;) {
      Level& level = levels_[depth_ - 1];
      level.done = path & (kHamtSlots - 1);
      if (level.done >= level.count) return false;
      path >>= kHamtSlotBits;
      if (at_pair()) return path == 0;
      enter(hamt_node(child()));
      if (in_collision()) return path == 0;
    }
  }

  bool at_end() const { return depth_ == 0; }
  bool in_collision() const { return depth_ == kHamtLevels + 1; }
  const Term* pair() const {
    const Level& level = levels_[depth_ - 1];
    return hamt_entries(level.node) + 2 * level.entry(forwards_);
  }
  // To the next pair, or to the end.
  void advance() {
    ++levels_[depth_ - 1].done;
    settle();
  }
  uint64_t path() const {
    uint64_t path = 0;
    size_t levels = std::min<size_t>(depth_, kHamtLevels);
    for (size_t i = levels; i-- > 0;) path = path << kHamtSlotBits | levels_[i].done;
    return path;
  }

 private:
  struct Level {
    const Word* node;
    size_t pairs;
    size_t count;  // entries
    size_t done;   // entries gone by
    size_t entry(bool forwards) const { return forwards ? done : count - 1 - done; }
  };

  bool at_pair() const {
    const Level& level = levels_[depth_ - 1];
    return level.entry(forwards_) < level.pairs;
  }
  Term child() const {
    const Level& level = levels_[depth_ - 1];
    return hamt_entries(level.node)[level.pairs + level.entry(forwards_)];
  }
  void enter(const Word* node) {
    if (depth_ == kHamtLevels) {
      size_t pairs = hamt_collision_pairs(node);
      levels_[depth_++] = {node, pairs, pairs, 0};
    } else {
      size_t pairs = hamt_pair_count(node[0]);
      levels_[depth_++] = {node, pairs, pairs + hamt_child_count(node[0]), 0};
    }
  }
  // From an entry, or the end of a node, to the next pair.
  void settle() {
    while (depth_ > 0) {
      Level& level = levels_[depth_ - 1];
      if (level.done == level.count) {
        if (--depth_ > 0) ++levels_[depth_ - 1].done;
      } else if (at_pair()) {
        return;
      } else {
        enter(hamt_node(child()));
      }
    }
  }

  Level levels_[kHamtLevels + 1];
  size_t depth_ = 0;
  bool forwards_;
};

// Collects {K, V, {K, V, ...}}.
class Chain {
 public:
  explicit Chain(Allocator& heap) : heap_(heap) {}
  void add(Term key, Term value) {
    Term link = make_tuple(heap_, {key, value, atoms::none});
    *end_ = link;
    end_ = &tuple_elements(link)[2];
  }
  Term finish(Term rest) {
    *end_ = rest;
    return first_;
  }

 private:
  Allocator& heap_;
  Term first_ = atoms::none;
  Term* end_ = &first_;
};

size_t pairs_at_once(const Process& p, Term map, uint64_t path) {
  size_t pairs = static_cast<size_t>(std::max<int64_t>(p.reductions * kPairsPerReduction, 1));
  if (path == 0) pairs = std::min(pairs, kFirstPairs);
  return std::min(pairs, map_size(map));
}

Term next_link(Process& p, const Walk& walk, Term map) {
  return make_cons(p.heap, Term::small(static_cast<int64_t>(walk.path())), map);
}

Term iterate(Process& p, Walk& walk, Term map, size_t count) {
  Chain chain(p.heap);
  for (; !walk.at_end() && (count > 0 || walk.in_collision()); walk.advance()) {
    chain.add(walk.pair()[0], walk.pair()[1]);
    if (count > 0) --count;
  }
  return chain.finish(walk.at_end() ? atoms::none : next_link(p, walk, map));
}

Term prepend(Process& p, Walk& walk, Term map, size_t count, Term list) {
  for (; !walk.at_end() && (count > 0 || walk.in_collision()); walk.advance()) {
    list = make_cons(p.heap, make_tuple(p.heap, {walk.pair()[0], walk.pair()[1]}), list);
    if (count > 0) --count;
  }
  if (walk.at_end()) return list;
  return make_cons(p.heap, Term::small(static_cast<int64_t>(walk.path())),
                   make_cons(p.heap, map, list));
}

Term next_of_flat(Process& p, Term map, bool as_iterator, Term list) {
  std::span<const Term> keys = flat_map_keys(map);
  std::span<const Term> values = flat_map_values(map);
  if (as_iterator) {
    Chain chain(p.heap);
    for (size_t i = 0; i < keys.size(); ++i) chain.add(keys[i], values[i]);
    return chain.finish(atoms::none);
  }
  for (size_t i = keys.size(); i-- > 0;) {
    list = make_cons(p.heap, make_tuple(p.heap, {keys[i], values[i]}), list);
  }
  return list;
}

// An ordered iterator's path is the list of the keys that are still to come.
Term next_ordered(Process& p, Term keys, Term map) {
  Chain chain(p.heap);
  int64_t lookups = std::max<int64_t>(p.reductions / kReductionsPerLookup, 1);
  for (; keys.is_list() && lookups > 0; keys = keys.tail(), --lookups) {
    const Term* value = map_find(map, keys.head());
    if (value == nullptr) return p.badarg();
    chain.add(keys.head(), *value);
    p.charge(kReductionsPerLookup);
  }
  if (keys.is_list()) return chain.finish(make_cons(p.heap, keys, map));
  return keys.is_nil() ? chain.finish(atoms::none) : p.badarg();
}

Term map_next_3(Process& p, Term path, Term map, Term how) {
  bool as_iterator = how == atoms::iterator;
  if (!is_map(map) || !(as_iterator || how.is_list() || how.is_nil())) return p.badarg();
  if (as_iterator && (path.is_list() || path.is_nil())) return next_ordered(p, path, map);
  if (!path.is_small() || path.small_value() < 0) return p.badarg();
  uint64_t from = static_cast<uint64_t>(path.small_value());
  if (is_flat_map(map)) {
    if (from > flat_map_size(map)) return p.badarg();
    return next_of_flat(p, map, as_iterator, how);
  }
  Walk walk(map, as_iterator);
  // The path to the first pair may lead through children, whose entries are 0 as well.
  if (!walk.seek(from)) return p.badarg();
  size_t count = pairs_at_once(p, map, from);
  p.charge(static_cast<int64_t>(count) / kPairsPerReduction);
  return as_iterator ? iterate(p, walk, map, count) : prepend(p, walk, map, count, how);
}

Term map_to_tuple_keys_1(Process& p, Term map) {
  if (!is_map(map)) return p.error_tuple(atoms::badmap, map);
  if (!is_flat_map(map)) return p.badarg();
  return flat_map_keys_tuple(map);
}

// A list cell [Key | Value] for each pair, as if all were children of the root: inner nodes are
// no values here.
Term map_hashmap_children_1(Process& p, Term map) {
  if (!is_map(map)) return p.error_tuple(atoms::badmap, map);
  if (is_flat_map(map)) return p.badarg();
  ListBuilder children(p.heap);
  Term key;
  Term value;
  for (MapIterator i(map); i.next(&key, &value);) {
    children.add(make_cons(p.heap, key, value));
  }
  p.charge(static_cast<int64_t>(map_size(map)) / kPairsPerReduction);
  return children.finish();
}

constexpr NativeEntry kMapInternalsNatives[] = {
    {"erts_internal", "map_hashmap_children", native<map_hashmap_children_1>},
    {"erts_internal", "map_next", native<map_next_3>},
    {"erts_internal", "map_to_tuple_keys", native<map_to_tuple_keys_1>},
};

}  // namespace

std::span<const NativeEntry> map_internals_natives() { return kMapInternalsNatives; }

}  // namespace joist
