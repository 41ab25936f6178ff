// Module maps. What OTP has in Erlang (to_list, iterator, fold, ...) stands on
// erts_internal:map_next/3 (bif/map_internals.cpp).
#include <algorithm>
#include <optional>

#include "bif/in_slices.h"
#include "bif/list_length.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/sched/dirty_call.h"

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

// Steps of a slice for a pair that is hashed and put aside.
constexpr int64_t kStepsPerPair = 4;

// A map from a list whose elements `Source` turns to pairs. The length comes first: room for all
// pairs is made at once.
template <typename Source>
class MapFromList {
 public:
  MapFromList(Allocator& heap, Term list, Source source)
      : heap_(heap), source_(source), rest_(list), length_(list) {}

  Progress run(int64_t* budget) {
    if (!map_ && rest_.is_list()) {
      const Progress counted = length_.run(budget);
      if (counted != Progress::kDone) return counted;
      if (length_.length <= kFlatMapLimit) return run_short();
      map_.emplace(heap_, length_.length);
    }
    for (; rest_.is_list(); rest_ = rest_.tail()) {
      if ((*budget -= kStepsPerPair) < 0) return Progress::kPaused;
      Term pair[2];
      if (!source_.read(rest_.head(), pair)) return Progress::kRefused;
      map_->add(pair[0], pair[1]);
    }
    const Progress built = map_->run(budget);
    if (built == Progress::kDone) result_ = map_->result();
    return built;
  }
  Term result() const { return result_; }

 private:
  Progress run_short() {
    Term pairs[2 * kFlatMapLimit];
    size_t count = 0;
    for (; rest_.is_list(); rest_ = rest_.tail(), count += 2) {
      if (!source_.read(rest_.head(), pairs + count)) return Progress::kRefused;
    }
    result_ = make_map(heap_, {pairs, count});
    return Progress::kDone;
  }

  Allocator& heap_;
  Source source_;
  Term rest_;
  ListLength length_;
  std::optional<GradualMap> map_;
  Term result_ = Term::none();
};

template <typename Source>
Term map_from_list(Process& p, Term list, Source source, std::initializer_list<Term> arguments) {
  if (list.is_nil()) return make_empty_map(p.heap);
  if (!list.is_list()) return p.badarg();
  return in_slices<MapFromList<Source>>(
      p, arguments, [&] { return MapFromList<Source>(p.heap, list, source); },
      [](const MapFromList<Source>& work) { return work.result(); });
}

struct KeySource {
  bool read(Term element, Term* pair) const {
    pair[0] = element;
    pair[1] = value;
    return true;
  }
  Term value;
};

struct PairSource {
  static bool read(Term element, Term* pair) {
    if (!is_tuple(element) || tuple_size(element) != 2) return false;
    pair[0] = tuple_elements(element)[0];
    pair[1] = tuple_elements(element)[1];
    return true;
  }
};

Term from_keys_2(Process& p, Term list, Term value) {
  return map_from_list(p, list, KeySource{value}, {list, value});
}

Term from_list_1(Process& p, Term list) { return map_from_list(p, list, PairSource{}, {list}); }

// The keys or the values, in the order of iteration.
template <bool kKeys>
class Column {
 public:
  Column(Allocator& heap, Term map) : pairs_(map), left_(map_size(map)) {
    cell_ = heap.alloc(2 * left_);
    list_ = Term::list(cell_);
  }

  Progress run(int64_t* budget) {
    Term key;
    Term value;
    for (; left_ > 0; --left_, cell_ += 2) {
      if ((*budget -= kStepsPerPair) < 0) return Progress::kPaused;
      pairs_.next(&key, &value);
      cell_[0] = (kKeys ? key : value).bits();
      cell_[1] = Term::list(cell_ + 2).bits();
    }
    cell_[-1] = Term::nil().bits();
    return Progress::kDone;
  }
  Term result() const { return list_; }

 private:
  MapIterator pairs_;
  size_t left_;
  Word* cell_;
  Term list_;
};

template <bool kKeys>
Term column(Process& p, Term map) {
  if (!is_map(map)) return badmap(p, map);
  if (map_size(map) == 0) return Term::nil();
  return in_slices<Column<kKeys>>(
      p, {map}, [&] { return Column<kKeys>(p.heap, map); },
      [](const Column<kKeys>& work) { return work.result(); });
}

Term keys_1(Process& p, Term map) { return column<true>(p, map); }
Term values_1(Process& p, Term map) { return column<false>(p, map); }

Term merge_2(Process& p, Term a, Term b) {
  // Only nodes that are not in both maps take time, as many as the smaller one has at most.
  constexpr size_t kManyPairs = 10'000;
  if (p.suspended != nullptr) return back_from_dirty(p);
  if (!is_map(a)) return badmap(p, a);
  if (!is_map(b)) return badmap(p, b);
  const size_t pairs = std::min(map_size(a), map_size(b));
  if (pairs > kManyPairs && on_scheduler(p)) return hand_to_dirty(p, {a, b});
  charge_pairs(p, pairs);
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
