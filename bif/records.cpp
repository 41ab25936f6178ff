// Module records: native records, new in OTP 29, made and read as data.
#include <algorithm>
#include <vector>

#include "bif/registry.h"
#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/heap/record_build.h"
#include "vm/term/compare.h"
#include "vm/term/map.h"

namespace joist {

namespace {

bool is_native_record(Term term) { return is_kind(term, Boxed::kRecord); }

Term badrecord(Process& p, Term term) { return p.error_tuple(atoms::badrecord, term); }

Term badfield(Process& p, Term module, Term name, Term field) {
  return p.error(make_field_reason(p.heap, atoms::badfield, module, name, field));
}

Term create_4(Process& p, Term module, Term name, Term pairs, Term options) {
  if (!module.is_atom() || !name.is_atom()) return badrecord(p, name);
  if (!is_map(options)) return p.error_tuple(atoms::badmap, options);
  const Term* exported = map_find(options, atoms::is_exported);
  if (map_size(options) != 1 || exported == nullptr) return p.badarg();
  if (!(*exported == atoms::true_ || *exported == atoms::false_)) return p.badarg();

  // That the list is proper comes before what is in it.
  Term end = pairs;
  while (end.is_list()) end = end.tail();
  if (!end.is_nil()) return p.badarg();
  std::vector<Term> fields;
  std::vector<Term> values;
  for (; pairs.is_list(); pairs = pairs.tail()) {
    Term pair = pairs.head();
    if (!is_tuple(pair) || tuple_size(pair) != 2) return p.badarg();
    Term field = tuple_elements(pair)[0];
    if (!field.is_atom()) return badfield(p, module, name, field);
    fields.push_back(field);
    values.push_back(tuple_elements(pair)[1]);
  }
  std::vector<Term> sorted = fields;
  std::sort(sorted.begin(), sorted.end(), [](Term a, Term b) { return a.bits() < b.bits(); });
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return p.badarg();
  return make_record(
      p.heap, intern_record_definition(module, name, *exported == atoms::true_, fields), values);
}

Term update_4(Process& p, Term record, Term module, Term name, Term changes) {
  if (!is_native_record(record)) return badrecord(p, record);
  const RecordDefinition* definition = record_definition(record);
  if (!(name == atoms::underscore) && !(definition->module == module && definition->name == name)) {
    return badrecord(p, name);
  }
  if (!is_map(changes)) return p.error_tuple(atoms::badmap, changes);
  if (map_size(changes) == 0) return record;
  std::span<const Term> old = record_values(record);
  std::vector<Term> values(old.begin(), old.end());
  Term unknown = Term::none();  // the first one in key order
  Term field;
  Term value;
  for (MapIterator i(changes); i.next(&field, &value);) {
    size_t position = record_field_position(*definition, field);
    if (position < values.size()) {
      values[position] = value;
    } else if (unknown.is_none() || compare_flatmap_keys(field, unknown) < 0) {
      unknown = field;
    }
  }
  if (!unknown.is_none()) return badfield(p, definition->module, definition->name, unknown);
  return make_record(p.heap, definition, values);
}

Term get_2(Process& p, Term field, Term record) {
  if (!is_native_record(record) || !field.is_atom()) return p.badarg();
  size_t position = record_field_position(*record_definition(record), field);
  std::span<const Term> values = record_values(record);
  return position < values.size() ? values[position] : p.badarg();
}

Term get_field_names_1(Process& p, Term record) {
  if (!is_native_record(record)) return badrecord(p, record);
  const RecordDefinition* definition = record_definition(record);
  return make_list(p.heap, std::span<const Term>(definition->fields, definition->field_count));
}

Term get_module_1(Process& p, Term record) {
  return is_native_record(record) ? record_definition(record)->module : p.badarg();
}

Term get_name_1(Process& p, Term record) {
  return is_native_record(record) ? record_definition(record)->name : p.badarg();
}

Term is_exported_1(Process& p, Term record) {
  if (!is_native_record(record)) return badrecord(p, record);
  return boolean(record_definition(record)->exported);
}

// {#{is_exported => Boolean}, [{Field, Default} or Field...]}
Term get_definition_2(Process& p, Term module, Term name) {
  if (!module.is_atom() || !name.is_atom()) return p.badarg();
  const RecordType* type = p.runtime->code->find_record(module, name);
  if (type == nullptr) return p.badarg();
  std::vector<Term> fields;
  for (size_t i = 0; i < type->defaults.size(); ++i) {
    const Term field = type->definition->fields[i];
    const Term value = type->defaults[i];
    fields.push_back(value.is_none() ? field : make_tuple(p.heap, {field, value}));
  }
  const Term options =
      make_map(p.heap, std::vector<Term>{atoms::is_exported, boolean(type->definition->exported)});
  return make_tuple(p.heap, {options, make_list(p.heap, fields)});
}

constexpr NativeEntry kRecordsNatives[] = {
    {"records", "create", native<create_4>},
    {"records", "get", native<get_2>},
    {"records", "get_definition", native<get_definition_2>},
    {"records", "get_field_names", native<get_field_names_1>},
    {"records", "get_module", native<get_module_1>},
    {"records", "get_name", native<get_name_1>},
    {"records", "is_exported", native<is_exported_1>},
    {"records", "update", native<update_4>},
};

}  // namespace

std::span<const NativeEntry> records_natives() { return kRecordsNatives; }

}  // namespace joist
