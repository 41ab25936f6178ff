// Interned definitions of native records: records of one shape share the definition they point
// to, so two records have the same definition exactly when these are the same pointer. Entries
// are never freed. Thread-safe.
#pragma once

#include "vm/term/boxed.h"

namespace joist {

// `fields` are atoms, all different, in the order in which they were defined.
const RecordDefinition* intern_record_definition(Term module, Term name, bool exported,
                                                 std::span<const Term> fields);

// Position of `field` among the values; the number of fields: there is no such field.
inline size_t record_field_position(const RecordDefinition& definition, Term field) {
  size_t i = 0;
  while (i < definition.field_count && !(definition.fields[i] == field)) ++i;
  return i;
}

}  // namespace joist
