#include "vm/heap/record_build.h"

#include <algorithm>

#include "vm/heap/builder.h"

namespace joist {

Term make_record(Allocator& heap, const RecordDefinition* definition,
                 std::span<const Term> values) {
  Word* words = heap.alloc(2 + values.size());
  words[0] = make_header(Boxed::kRecord, 1 + values.size());
  words[1] = reinterpret_cast<Word>(definition);
  std::copy(values.begin(), values.end(), term_words(words) + 2);
  return Term::boxed(words);
}

Term make_field_reason(Allocator& heap, Term error, Term module, Term name, Term field) {
  const Term record = make_tuple(heap, {module, name});
  return make_tuple(heap, {error, make_tuple(heap, {record, field})});
}

}  // namespace joist
