// Map functions of module erlang that guards may call.
#include "bif/registry.h"
#include "vm/term/map.h"

namespace joist {

namespace {

Term is_map_1(Process&, Term term) { return boolean(is_map(term)); }

Term is_map_key_2(Process& p, Term key, Term map) {
  if (!is_map(map)) return p.error_tuple(atoms::badmap, map);
  return boolean(map_find(map, key) != nullptr);
}

Term map_get_2(Process& p, Term key, Term map) {
  if (!is_map(map)) return p.error_tuple(atoms::badmap, map);
  const Term* value = map_find(map, key);
  return value != nullptr ? *value : p.error_tuple(atoms::badkey, key);
}

Term map_size_1(Process& p, Term map) {
  if (!is_map(map)) return p.error_tuple(atoms::badmap, map);
  return Term::small(static_cast<int64_t>(map_size(map)));
}

constexpr NativeEntry kErlangMapNatives[] = {
    {"erlang", "is_map", native<is_map_1>, kGuard},
    {"erlang", "is_map_key", native<is_map_key_2>, kGuard},
    {"erlang", "map_get", native<map_get_2>, kGuard},
    {"erlang", "map_size", native<map_size_1>, kGuard},
};

}  // namespace

std::span<const NativeEntry> erlang_map_natives() { return kErlangMapNatives; }

}  // namespace joist
