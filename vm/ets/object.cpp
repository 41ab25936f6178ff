#include "vm/ets/object.h"

#include <cstdlib>
#include <cstring>

namespace joist {

namespace {

EtsObject* allocate(size_t words) {
  auto* object = static_cast<EtsObject*>(malloc(sizeof(EtsObject) + words * sizeof(Word)));
  if (object == nullptr) fatal("out of memory: a table row of %zu words", words);
  object->next = nullptr;
  object->hash = 0;
  object->dead = false;
  object->count = words;
  object->off_heap = nullptr;
  return object;
}

}  // namespace

EtsObject* new_object(Term tuple) {
  const std::span<const Term> elements = tuple_elements(tuple);
  bool flat = true;
  for (const Term element : elements) flat &= !element.is_pointer();
  if (flat) {
    EtsObject* object = allocate(elements.size() + 1);
    object->flat = true;
    memcpy(object->words, tuple.object(), (elements.size() + 1) * sizeof(Word));
    return object;
  }
  const size_t words = packed_words(tuple);
  EtsObject* object = allocate(words);
  object->flat = false;
  pack_term(object->words, words, tuple, &object->off_heap);
  return object;
}

void free_object(EtsObject* object) {
  if (object->off_heap != nullptr) release_off_heap(object->off_heap);
  free(object);
}

}  // namespace joist
