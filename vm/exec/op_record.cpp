// Native records (OTP 29): made, updated, read. Their tests are in op_guard.cpp.
//
// A record of the module's own is laid out by the loader: new_record copies one value for each
// field. What another module defines is looked up when it is made, as that module may be loaded
// again; a definition that is not exported does not exist there.
#include <algorithm>

#include "vm/code/code_table.h"
#include "vm/exec/dispatch.h"
#include "vm/exec/support.h"
#include "vm/heap/record_build.h"
#include "vm/term/compare.h"

namespace joist {
namespace {

bool is_earlier(Term field, Term other) {
  return other.is_none() || compare_flatmap_keys(field, other) < 0;
}

Term raise_field(Process& p, Term error, const RecordDefinition& definition, Term field) {
  return p.error(make_field_reason(p.heap, error, definition.module, definition.name, field));
}

// Stores the values of the cells field, value... in `record`; the record, or none() after
// badfield was raised for the first field, in key order, that it does not have.
Term set_fields(State& s, Term record, auto list) {
  const RecordDefinition& definition = *record_definition(record);
  const std::span<Term> values = record_values(record);
  Term unknown = Term::none();
  for (uint32_t i = 0; i < list.field; i += 2) {
    const Term field = get_source(s, list.cells[i]);
    const size_t position = record_field_position(definition, field);
    if (position < values.size()) {
      values[position] = get_source(s, list.cells[i + 1]);
    } else if (is_earlier(field, unknown)) {
      unknown = field;
    }
  }
  if (unknown.is_none()) return record;
  return raise_field(s.process(), atoms::badfield, definition, unknown);
}

// A new record, or none() after badfield or novalue was raised. save() was done.
Term new_record_of(State& s, const RecordType& type, auto list) {
  Process& p = s.process();
  const Term record = make_record(p.heap, type.definition, type.defaults);
  const std::span<Term> values = record_values(record);
  // Also what is given up must hold terms.
  std::replace(values.begin(), values.end(), Term::none(), Term::nil());
  if (set_fields(s, record, list).is_none()) return Term::none();

  const RecordDefinition& definition = *type.definition;
  Term missing = Term::none();
  for (size_t i = 0; i < values.size(); ++i) {
    const Term field = definition.fields[i];
    if (!type.defaults[i].is_none() || !is_earlier(field, missing)) continue;
    bool given = false;
    for (uint32_t k = 0; k < list.field; k += 2) {
      given = given || get_source(s, list.cells[k]) == field;
    }
    if (!given) missing = field;
  }
  return missing.is_none() ? record : raise_field(p, must_atom("novalue"), definition, missing);
}

// What `id`, a tuple {Module, Name}, names for other modules; null: nothing.
const RecordType* exported_record(const CodeTable& code, Term id) {
  if (!is_tuple(id) || tuple_size(id) != 2) return nullptr;
  const RecordType* type = code.find_record(tuple_elements(id)[0], tuple_elements(id)[1]);
  return type != nullptr && type->definition->exported ? type : nullptr;
}

Flow deliver(State& s, Term record, auto destination, auto live) {
  if (record.is_none()) return Flow::kRaise;
  if (!tidy_heap_gc(s.process(), live.field, &record)) return Flow::kLeave;
  s.load();
  destination.set(s, record);
  return Flow::kNext;
}

struct op_new_record : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto definition, auto destination, auto,
                        auto values) {
    const size_t count = values.field;
    if (!s.has_room(count + 2) || (kAssertions && s.r->stress_due())) return Flow::kSlow;
    Word* words = s.hp;
    s.hp += count + 2;
    words[0] = make_header(Boxed::kRecord, count + 1);
    words[1] = definition.field;
    for (size_t i = 0; i < count; ++i) words[2 + i] = get_source(s, values.cells[i]).bits();
    destination.set(s, Term::boxed(words));
    return Flow::kNext;
  }
  // Makes room and runs the instruction again.
  JOIST_INLINE Flow slow(State& s, const Cell*, auto definition, auto destination, auto live,
                         auto values) {
    const Flow flow = collect_gc(s, values.field + size_t{2}, live.field);
    if (flow != Flow::kNext) return flow;
    return run(s, nullptr, definition, destination, live, values);
  }
};

struct op_bad_record_fields : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto type, auto list) {
    s.save();
    const Term record = new_record_of(s, *reinterpret_cast<const RecordType*>(type.field), list);
    JOIST_CHECK(record.is_none());
    return Flow::kRaise;
  }
};

struct op_put_record : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto, auto, auto, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto id, auto destination, auto live, auto list) {
    s.save();
    Process& p = s.process();
    const RecordType* type = exported_record(*p.runtime->code, id.get(s));
    if (type == nullptr) {
      p.error_tuple(atoms::badrecord, id.get(s));
      return Flow::kRaise;
    }
    return deliver(s, new_record_of(s, *type, list), destination, live);
  }
};

struct op_update_native_record : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto, auto, auto, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto source, auto destination, auto live,
                         auto list) {
    const Term old = source.get(s);
    s.save();
    Process& p = s.process();
    if (!is_kind(old, Boxed::kRecord)) {
      p.error_tuple(atoms::badrecord, old);
      return Flow::kRaise;
    }
    const Term record = make_record(p.heap, record_definition(old), record_values(old));
    return deliver(s, set_fields(s, record, list), destination, live);
  }
};

struct op_get_record_elements : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto record, auto list) {
    const Term t = record.get(s);
    if (!is_kind(t, Boxed::kRecord)) return false;
    const std::span<const Term> values = record_values(t);
    for (uint32_t i = 0; i < list.field; i += 2) {
      const size_t position =
          record_field_position(*record_definition(t), get_source(s, list.cells[i]));
      if (position == values.size()) return false;
      set_any(s, static_cast<uint16_t>(list.cells[i + 1]), values[position]);
    }
    return true;
  }
};

// Whether code that asks for `id` may read records of that definition: {Module, Name} of another
// module and '_' the exported ones; a name alone those of that name, as this module sees them.
bool is_readable(const RecordDefinition& definition, Term id) {
  if (!is_tuple(id)) return id == atoms::underscore || id == definition.name;
  return tuple_size(id) == 2 && tuple_elements(id)[0] == definition.module &&
         tuple_elements(id)[1] == definition.name && definition.exported;
}

struct op_get_record_field : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto record, auto id, auto field,
                        auto destination) {
    const Term t = record.get(s);
    if (!is_kind(t, Boxed::kRecord)) return Flow::kSlow;
    const RecordDefinition& definition = *record_definition(t);
    if (!(definition.name == id.get(s))) return Flow::kSlow;
    const size_t position = record_field_position(definition, field.get(s));
    if (position == definition.field_count) return Flow::kSlow;
    destination.set(s, record_values(t)[position]);
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto record, auto id, auto field,
                         auto destination) {
    const Term t = record.get(s);
    const bool is_record = is_kind(t, Boxed::kRecord);
    const bool readable = is_record && is_readable(*record_definition(t), id.get(s));
    if (readable) {
      const size_t position = record_field_position(*record_definition(t), field.get(s));
      if (position < record_definition(t)->field_count) {
        destination.set(s, record_values(t)[position]);
        return Flow::kNext;
      }
    }
    if (fail.field != 0) return Flow::kFail;
    s.save();
    if (readable) {
      raise_field(s.process(), atoms::badfield, *record_definition(t), field.get(s));
    } else {
      s.process().error_tuple(atoms::badrecord, t);
    }
    return Flow::kRaise;
  }
};

}  // namespace

void fill_record(HandlerTable& table) {
#define JOIST_OP_GROUP_record JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
