#include "vm/heap/map_build.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "vm/heap/builder.h"
#include "vm/heap/hamt_build.h"
#include "vm/term/atom.h"
#include "vm/term/compare.h"
#include "vm/term/rules.h"

namespace joist {
namespace {

// compare_flatmap_keys(), without a call for the usual keys.
int order_keys(Term a, Term b, bool atoms_by_index) {
  if (Term::both_small(a, b)) return a.small_value() < b.small_value() ? -1 : a == b ? 0 : 1;
  if (a.is_atom() && b.is_atom()) {
    if (!atoms_by_index) return compare_atoms(a, b);
    return a.atom_index() < b.atom_index() ? -1 : a == b ? 0 : 1;
  }
  return compare_flatmap_keys(a, b);
}

// Where `key` is among sorted keys (true), or where it belongs.
bool find_place(const Term* keys, size_t size, Term key, size_t* place) {
  bool atoms_by_index = term_rules().atom_keys_by_index;
  size_t low = 0;
  size_t high = size;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = order_keys(keys[middle], key, atoms_by_index);
    if (order == 0) {
      *place = middle;
      return true;
    }
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  *place = low;
  return false;
}

// A flat map in the making: sorted keys and their values, with room for one pair too many.
class FlatDraft {
 public:
  FlatDraft() = default;
  explicit FlatDraft(Term flat_map) : size_(flat_map_size(flat_map)) {
    std::copy_n(flat_map_keys(flat_map).begin(), size_, keys_);
    std::copy_n(flat_map_values(flat_map).begin(), size_, values_);
  }

  size_t size() const { return size_; }
  bool is_overfull() const { return size_ > kFlatMapLimit; }

  // Precondition: !is_overfull(). A key that is there stays: OTP 25 takes 0.0 and -0.0 for one,
  // so that it matters which.
  void put(Term key, Term value) { values_[place_of(key)] = value; }
  void put_last(Term key, Term value) {
    size_t position = place_of(key);
    keys_[position] = key;
    values_[position] = value;
  }

  Term finish(Allocator& heap) const {
    Term keys = make_tuple(heap, std::span<const Term>(keys_, size_));
    return make_flat_map(heap, keys, {values_, size_});
  }

  void append_pairs(std::vector<Term>* pairs) const {
    for (size_t i = 0; i < size_; ++i) {
      pairs->push_back(keys_[i]);
      pairs->push_back(values_[i]);
    }
  }

 private:
  // Makes room where the key is new.
  size_t place_of(Term key) {
    size_t position = find_word(keys_, size_, key);
    if (position == size_ && !find_place(keys_, size_, key, &position)) {
      std::copy_backward(keys_ + position, keys_ + size_, keys_ + size_ + 1);
      std::copy_backward(values_ + position, values_ + size_, values_ + size_ + 1);
      keys_[position] = key;
      ++size_;
    }
    return position;
  }

  size_t size_ = 0;
  Term keys_[kFlatMapLimit + 1];
  Term values_[kFlatMapLimit + 1];
};

void append_pairs(Term map, std::vector<Term>* pairs) {
  Term key;
  Term value;
  for (MapIterator i(map); i.next(&key, &value);) {
    pairs->push_back(key);
    pairs->push_back(value);
  }
}

Term make_flat_from(Allocator& heap, std::span<const Term> pairs) {
  FlatDraft draft;
  for (size_t i = 0; i < pairs.size(); i += 2) draft.put_last(pairs[i], pairs[i + 1]);
  return draft.finish(heap);
}

// The flat map of a bare trie with few pairs.
Term flattened(Allocator& heap, Term trie) {
  FlatDraft draft;
  Term key;
  Term value;
  for (MapIterator i(trie); i.next(&key, &value);) draft.put(key, value);
  return draft.finish(heap);
}

// A trie may turn out to have few keys, as keys may be equal.
Term normalised(Allocator& heap, Term trie) {
  return map_size(trie) > kFlatMapLimit ? trie : flattened(heap, trie);
}

// The flat map with its value at `position` replaced.
Term with_value(Allocator& heap, Term map, size_t position, Term value) {
  if (flat_map_values(map)[position] == value) return map;
  Term copy = make_flat_map(heap, flat_map_keys_tuple(map), flat_map_values(map));
  term_words(object_words(copy))[1 + position] = value;
  return copy;
}

// The flat map, which is not full, with a pair that goes to `position`.
Term with_new_pair(Allocator& heap, Term map, size_t position, Term key, Term value) {
  size_t size = flat_map_size(map);
  Word* keys = heap.alloc(1 + size + 1 + 2 + size + 1);
  Word* copy = keys + 1 + size + 1;
  keys[0] = make_header(Boxed::kTuple, size + 1);
  copy[0] = make_header(Boxed::kFlatMap, 1 + size + 1);
  copy[1] = Term::boxed(keys).bits();
  auto copy_around = [position, size](const Term* from, Term* to, Term added) {
    std::copy(from, from + position, to);
    to[position] = added;
    std::copy(from + position, from + size, to + position + 1);
  };
  copy_around(flat_map_keys(map).data(), term_words(keys + 1), key);
  copy_around(flat_map_values(map).data(), term_words(copy + 2), value);
  return Term::boxed(copy);
}

// The flat map of two or more pairs without the one at `position`.
Term without_pair(Allocator& heap, Term map, size_t position) {
  size_t size = flat_map_size(map);
  Word* keys = heap.alloc(1 + size - 1 + 2 + size - 1);
  Word* copy = keys + 1 + size - 1;
  keys[0] = make_header(Boxed::kTuple, size - 1);
  copy[0] = make_header(Boxed::kFlatMap, 1 + size - 1);
  copy[1] = Term::boxed(keys).bits();
  auto copy_others = [position, size](const Term* from, Term* to) {
    std::copy(from, from + position, to);
    std::copy(from + position + 1, from + size, to + position);
  };
  copy_others(flat_map_keys(map).data(), term_words(keys + 1));
  copy_others(flat_map_values(map).data(), term_words(copy + 2));
  return Term::boxed(copy);
}

// Replaces the values of keys that the flat map has; none(): it lacks one, which is *missing.
Term replace_values(Allocator& heap, Term map, std::span<const Term> pairs, Term* missing) {
  size_t size = flat_map_size(map);
  Term values[kFlatMapLimit];
  std::copy_n(flat_map_values(map).begin(), size, values);
  bool changed = false;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    size_t position = flat_map_position(map, pairs[i]);
    if (position == size) {
      *missing = pairs[i];
      return Term::none();
    }
    changed |= !(values[position] == pairs[i + 1]);
    values[position] = pairs[i + 1];
  }
  if (!changed) return map;
  return make_flat_map(heap, flat_map_keys_tuple(map), {values, size});
}

Term put_all_flat(Allocator& heap, Term map, std::span<const Term> pairs) {
  Term missing;
  Term replaced = replace_values(heap, map, pairs, &missing);
  if (!replaced.is_none()) return replaced;
  FlatDraft draft(map);
  while (!pairs.empty() && !draft.is_overfull()) {
    draft.put(pairs[0], pairs[1]);
    pairs = pairs.subspan(2);
  }
  if (!draft.is_overfull()) return draft.finish(heap);
  std::vector<Term> all;
  draft.append_pairs(&all);
  all.insert(all.end(), pairs.begin(), pairs.end());
  return HamtBuild<KeyHash>(heap).from_pairs(all);
}

Term merge_flat(Allocator& heap, Term a, Term b) {
  std::span<const Term> keys_a = flat_map_keys(a);
  std::span<const Term> keys_b = flat_map_keys(b);
  bool atoms_by_index = term_rules().atom_keys_by_index;
  Term keys[2 * kFlatMapLimit];
  Term values[2 * kFlatMapLimit];
  size_t size = 0;
  size_t i = 0;
  size_t j = 0;
  while (i < keys_a.size() || j < keys_b.size()) {
    int order = i == keys_a.size()   ? 1
                : j == keys_b.size() ? -1
                                     : order_keys(keys_a[i], keys_b[j], atoms_by_index);
    keys[size] = order < 0 ? keys_a[i] : keys_b[j];
    values[size++] = order < 0 ? flat_map_values(a)[i] : flat_map_values(b)[j];
    if (order <= 0) ++i;
    if (order >= 0) ++j;
  }
  if (size == keys_b.size()) return b;
  if (size == keys_a.size() && std::equal(keys, keys + size, keys_a.begin())) {
    if (std::equal(values, values + size, flat_map_values(a).begin())) return a;
    return make_flat_map(heap, flat_map_keys_tuple(a), {values, size});
  }
  if (size <= kFlatMapLimit) {
    return make_flat_map(heap, make_tuple(heap, std::span<const Term>(keys, size)), {values, size});
  }
  std::vector<Term> pairs;
  for (size_t k = 0; k < size; ++k) {
    pairs.push_back(keys[k]);
    pairs.push_back(values[k]);
  }
  return HamtBuild<KeyHash>(heap).from_pairs(pairs);
}

}  // namespace

Term make_flat_map(Allocator& heap, Term keys_tuple, std::span<const Term> values) {
  JOIST_ASSERT(tuple_size(keys_tuple) == values.size() && values.size() <= kFlatMapLimit);
  Word* words = heap.alloc(2 + values.size());
  words[0] = make_header(Boxed::kFlatMap, 1 + values.size());
  words[1] = keys_tuple.bits();
  std::copy(values.begin(), values.end(), term_words(words) + 2);
  return Term::boxed(words);
}

Term make_empty_map(Allocator& heap) { return make_flat_map(heap, make_tuple(heap, {}), {}); }

Term make_map(Allocator& heap, std::span<const Term> pairs) {
  if (pairs.size() <= 2 * kFlatMapLimit) return make_flat_from(heap, pairs);
  return normalised(heap, HamtBuild<KeyHash>(heap).from_pairs(pairs));
}

struct GradualMap::Trie {
  HamtBuild<KeyHash>::Gradual build;
};

GradualMap::GradualMap(Allocator& heap, size_t count)
    : heap_(heap), trie_(new Trie{HamtBuild<KeyHash>::Gradual(heap, count)}) {}
GradualMap::~GradualMap() = default;
GradualMap::GradualMap(GradualMap&& other) noexcept = default;
void GradualMap::add(Term key, Term value) { trie_->build.add(key, value); }
Progress GradualMap::run(int64_t* budget) { return trie_->build.run(budget); }
Term GradualMap::result() const { return normalised(heap_, trie_->build.result()); }

Term map_put(Allocator& heap, Term map, Term key, Term value) {
  if (is_hash_map(map)) return HamtBuild<KeyHash>(heap).put(map, key, value);
  size_t position = flat_map_position(map, key);
  if (position < flat_map_size(map)) return with_value(heap, map, position, value);
  if (position < kFlatMapLimit) {
    find_place(flat_map_keys(map).data(), position, key, &position);
    return with_new_pair(heap, map, position, key, value);
  }
  std::vector<Term> pairs;
  append_pairs(map, &pairs);
  pairs.push_back(key);
  pairs.push_back(value);
  return HamtBuild<KeyHash>(heap).from_pairs(pairs);
}

Term map_put_all(Allocator& heap, Term map, std::span<const Term> pairs) {
  if (is_flat_map(map)) {
    return flat_map_size(map) == 0 ? make_map(heap, pairs) : put_all_flat(heap, map, pairs);
  }
  // A few pairs go in one by one; many as a trie of their own, so that each node on the way is
  // copied once.
  constexpr size_t kFewPairs = 8;
  HamtBuild<KeyHash> build(heap);
  if (pairs.size() > 2 * kFewPairs) return build.merge(map, build.from_pairs(pairs));
  for (size_t i = 0; i < pairs.size(); i += 2) map = build.put(map, pairs[i], pairs[i + 1]);
  return map;
}

Term map_update(Allocator& heap, Term map, Term key, Term value) {
  if (is_hash_map(map)) return HamtBuild<KeyHash>(heap).update(map, key, value);
  size_t position = flat_map_position(map, key);
  if (position == flat_map_size(map)) return Term::none();
  return with_value(heap, map, position, value);
}

Term map_update_all(Allocator& heap, Term map, std::span<const Term> pairs, Term* missing) {
  if (is_flat_map(map)) return replace_values(heap, map, pairs, missing);
  for (size_t i = 0; i < pairs.size() && !map.is_none(); i += 2) {
    *missing = pairs[i];
    map = map_update(heap, map, pairs[i], pairs[i + 1]);
  }
  return map;
}

Term map_remove(Allocator& heap, Term map, Term key) {
  if (is_hash_map(map)) return normalised(heap, HamtBuild<KeyHash>(heap).remove(map, key));
  size_t size = flat_map_size(map);
  size_t position = flat_map_position(map, key);
  if (position == size) return map;
  if (size == 1) return make_empty_map(heap);
  return without_pair(heap, map, position);
}

Term map_merge(Allocator& heap, Term a, Term b) {
  if (a == b) return b;
  if (is_flat_map(a) && is_flat_map(b)) return merge_flat(heap, a, b);
  HamtBuild<KeyHash> build(heap);
  if (is_hash_map(a) && is_hash_map(b)) return build.merge(a, b);
  Term flat = is_flat_map(a) ? a : b;
  if (flat_map_size(flat) == 0) return flat == a ? b : a;
  std::vector<Term> pairs;
  append_pairs(flat, &pairs);
  Term trie = build.from_pairs(pairs);
  return flat == a ? build.merge(trie, b) : build.merge(a, trie);
}

}  // namespace joist
