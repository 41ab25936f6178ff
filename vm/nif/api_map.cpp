// erl_nif.h: maps.
#include <new>

#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/nif/env.h"
#include "vm/term/map.h"

using namespace joist;

namespace {

// All pairs, so that an iterator can go both ways.
std::vector<Term>* pairs_of(abi::MapIterator* iterator) {
  return static_cast<std::vector<Term>*>(iterator->pairs);
}

std::vector<Term>* all_pairs(Term map) {
  auto* pairs = new std::vector<Term>;
  pairs->reserve(2 * map_size(map));
  MapIterator walk(map);
  Term key, value;
  while (walk.next(&key, &value)) {
    pairs->push_back(key);
    pairs->push_back(value);
  }
  return pairs;
}

int at_pair(const abi::MapIterator* iterator) {
  return iterator->index >= 1 && iterator->index <= iterator->size;
}

}  // namespace

extern "C" {

Word enif_make_new_map(NifEnv* env) { return make_empty_map(*env->heap).bits(); }

int enif_get_map_size(NifEnv*, Word map, size_t* size) {
  if (!is_map(term_of(map))) return 0;
  *size = map_size(term_of(map));
  return 1;
}

int enif_make_map_put(NifEnv* env, Word map, Word key, Word value, Word* result) {
  if (!is_map(term_of(map))) return 0;
  *result = map_put(*env->heap, term_of(map), term_of(key), term_of(value)).bits();
  return 1;
}

int enif_get_map_value(NifEnv*, Word map, Word key, Word* value) {
  if (!is_map(term_of(map))) return 0;
  const Term* found = map_find(term_of(map), term_of(key));
  if (found == nullptr) return 0;
  *value = found->bits();
  return 1;
}

int enif_make_map_update(NifEnv* env, Word map, Word key, Word value, Word* result) {
  if (!is_map(term_of(map)) || map_find(term_of(map), term_of(key)) == nullptr) return 0;
  *result = map_put(*env->heap, term_of(map), term_of(key), term_of(value)).bits();
  return 1;
}

int enif_make_map_remove(NifEnv* env, Word map, Word key, Word* result) {
  if (!is_map(term_of(map))) return 0;
  *result = map_remove(*env->heap, term_of(map), term_of(key)).bits();
  return 1;
}

int enif_make_map_from_arrays(NifEnv* env, Word* keys, Word* values, size_t count, Word* result) {
  std::vector<Term> pairs;
  pairs.reserve(2 * count);
  for (size_t i = 0; i < count; ++i) {
    pairs.push_back(term_of(keys[i]));
    pairs.push_back(term_of(values[i]));
  }
  const Term map = make_map(*env->heap, pairs);
  if (map_size(map) != count) return 0;  // a key came twice
  *result = map.bits();
  return 1;
}

int enif_map_iterator_create(NifEnv*, Word map, abi::MapIterator* iterator, int entry) {
  if (!is_map(term_of(map)) || entry < 1 || entry > 2) return 0;
  iterator->map = map;
  iterator->size = map_size(term_of(map));
  iterator->index = entry == 1 ? 1 : iterator->size;
  iterator->pairs = all_pairs(term_of(map));
  return 1;
}

void enif_map_iterator_destroy(NifEnv*, abi::MapIterator* iterator) {
  delete pairs_of(iterator);
  iterator->pairs = nullptr;
}

int enif_map_iterator_is_head(NifEnv*, abi::MapIterator* iterator) { return iterator->index == 0; }
int enif_map_iterator_is_tail(NifEnv*, abi::MapIterator* iterator) {
  return iterator->index == iterator->size + 1;
}

int enif_map_iterator_next(NifEnv*, abi::MapIterator* iterator) {
  if (iterator->index <= iterator->size) ++iterator->index;
  return at_pair(iterator);
}

int enif_map_iterator_prev(NifEnv*, abi::MapIterator* iterator) {
  if (iterator->index > 0) --iterator->index;
  return at_pair(iterator);
}

int enif_map_iterator_get_pair(NifEnv*, abi::MapIterator* iterator, Word* key, Word* value) {
  if (at_pair(iterator) == 0) return 0;
  const std::vector<Term>& pairs = *pairs_of(iterator);
  *key = pairs[2 * (iterator->index - 1)].bits();
  *value = pairs[2 * iterator->index - 1].bits();
  return 1;
}

}  // extern "C"
