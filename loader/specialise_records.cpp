// Native records (OTP 29).
#include <algorithm>

#include "loader/specialise.h"

namespace joist {

// put_record Fail Id Source Destination Live Field Value...: with [] as source a new record,
// whose id is its name in this module, or {Module, Name}.
void Specialiser::put_record(Operands o, Operands list) {
  const Argument destination = argument(o[3]);
  const Argument live = Argument::number(o[4].index());
  if (o[2].kind != OperandKind::kNil) {
    return out_.emit(Op::update_native_record, {argument(o[2]), destination, live}, sources(list));
  }
  if (o[1].kind != OperandKind::kAtom) {
    return out_.emit(Op::put_record, {argument(o[1]), destination, live}, sources(list));
  }
  // verify() has seen to it that there is one.
  const RecordType& type = *find_record(terms_.records, constant(o[1]));
  if (std::optional<std::vector<ListCell>> values = record_values(type, list)) {
    return out_.emit(Op::new_record, {Argument::address(type.definition), destination, live},
                     *values);
  }
  out_.emit(Op::bad_record_fields, {Argument::address(&type)}, sources(list));
}

// A source for each field; none when a field that is given is unknown or one that has no default
// is not given.
std::optional<std::vector<ListCell>> Specialiser::record_values(const RecordType& type,
                                                                Operands list) const {
  const size_t count = type.defaults.size();
  std::vector<ListCell> values;
  std::vector<bool> known;
  for (Term value : type.defaults) {
    values.push_back(ListCell::word(value.bits()));
    known.push_back(!value.is_none());
  }
  for (size_t i = 0; i < list.size(); i += 2) {
    const size_t position = record_field_position(*type.definition, constant(list[i]));
    if (position == count) return std::nullopt;
    values[position] = ListCell::source(argument(list[i + 1]));
    known[position] = true;
  }
  if (std::find(known.begin(), known.end(), false) != known.end()) return std::nullopt;
  return values;
}

}  // namespace joist
