// Module maps. What OTP has in Erlang (to_list, iterator, fold, ...) stands on
// erts_internal:map_next/3 (bif/map_internals.cpp).
#include <vector>

#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"

namespace joist {

namespace {

// Pairs handled for one reduction.
constexpr size_t kPairsPerReduction = 15;

void charge_pairs(Process& p, size_t pairs) {
  p.charge(static_cast<int64_t>(pairs / kPairsPerReduction));
}

Term badmap(Process& p, Term term) { return p.error_tuple(atoms::badmap, term); }

Term find_2(Process& p, Term key, Term map) {
  if (!is_map(map)) return badmap(p, map);
  const Term* value = map_find(map, key);
  return value != nullptr ? make_tuple(p.heap, {atoms::ok, *value}) : atoms::error;
}

Term get_2(Process& p, Term key, Term map) {
  if (!is_map(map)) return badmap(p, map);
  const Term* value = map_find(map, key);
  return value != nullptr ? *value : p.error_tuple(atoms::badkey, key);
}

Term is_key_2(Process& p, Term key, Term map) {
  if (!is_map(map)) return badmap(p, map);
  return boolean(map_find(map, key) != nullptr);
}

Term from_keys_2(Process& p, Term list, Term value) {
  std::vector<Term> pairs;
  for (; list.is_list(); list = list.tail()) {
    pairs.push_back(list.head());
    pairs.push_back(value);
  }
  if (!list.is_nil()) return p.badarg();
  charge_pairs(p, pairs.size());
  return make_map(p.heap, pairs);
}

Term from_list_1(Process& p, Term list) {
  std::vector<Term> pairs;
  for (; list.is_list(); list = list.tail()) {
    Term pair = list.head();
    if (!is_tuple(pair) || tuple_size(pair) != 2) return p.badarg();
    pairs.push_back(tuple_elements(pair)[0]);
    pairs.push_back(tuple_elements(pair)[1]);
  }
  if (!list.is_nil()) return p.badarg();
  charge_pairs(p, pairs.size());
  return make_map(p.heap, pairs);
}

// The keys or the values, in the order of iteration.
template <bool kKeys>
Term column(Process& p, Term map) {
  if (!is_map(map)) return badmap(p, map);
  size_t size = map_size(map);
  if (size == 0) return Term::nil();
  Word* cell = p.heap.alloc(2 * size);
  Term list = Term::list(cell);
  Term key;
  Term value;
  for (MapIterator i(map); i.next(&key, &value); cell += 2) {
    cell[0] = (kKeys ? key : value).bits();
    cell[1] = Term::list(cell + 2).bits();
  }
  cell[-1] = Term::nil().bits();
  charge_pairs(p, size);
  return list;
}

Term keys_1(Process& p, Term map) { return column<true>(p, map); }
Term values_1(Process& p, Term map) { return column<false>(p, map); }

Term merge_2(Process& p, Term a, Term b) {
  if (!is_map(a)) return badmap(p, a);
  if (!is_map(b)) return badmap(p, b);
  charge_pairs(p, map_size(a) + map_size(b));
  return map_merge(p.heap, a, b);
}

Term put_3(Process& p, Term key, Term value, Term map) {
  if (!is_map(map)) return badmap(p, map);
  return map_put(p.heap, map, key, value);
}

Term remove_2(Process& p, Term key, Term map) {
  if (!is_map(map)) return badmap(p, map);
  return map_remove(p.heap, map, key);
}

Term take_2(Process& p, Term key, Term map) {
  if (!is_map(map)) return badmap(p, map);
  const Term* value = map_find(map, key);
  if (value == nullptr) return atoms::error;
  return make_tuple(p.heap, {*value, map_remove(p.heap, map, key)});
}

Term update_3(Process& p, Term key, Term value, Term map) {
  if (!is_map(map)) return badmap(p, map);
  Term updated = map_update(p.heap, map, key, value);
  return updated.is_none() ? p.error_tuple(atoms::badkey, key) : updated;
}

constexpr NativeEntry kMapsNatives[] = {
    {"maps", "find", native<find_2>},           {"maps", "from_keys", native<from_keys_2>},
    {"maps", "from_list", native<from_list_1>}, {"maps", "get", native<get_2>},
    {"maps", "is_key", native<is_key_2>},       {"maps", "keys", native<keys_1>},
    {"maps", "merge", native<merge_2>},         {"maps", "put", native<put_3>},
    {"maps", "remove", native<remove_2>},       {"maps", "take", native<take_2>},
    {"maps", "update", native<update_3>},       {"maps", "values", native<values_1>},
};

}  // namespace

std::span<const NativeEntry> maps_natives() { return kMapsNatives; }

}  // namespace joist
