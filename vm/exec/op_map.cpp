// Maps.
#include <vector>

#include "vm/exec/dispatch.h"
#include "vm/exec/support.h"
#include "vm/heap/map_build.h"
#include "vm/term/compare.h"
#include "vm/term/map.h"

namespace joist {
namespace {

// The terms that the cells of a list name; few of them need no memory of their own.
class Gathered {
 public:
  Gathered(const State& s, const Cell* cells, size_t count) : size_(count) {
    if (count > std::size(few_)) many_.resize(count);
    Term* terms = many_.empty() ? few_ : many_.data();
    for (size_t i = 0; i < count; ++i) terms[i] = get_source(s, cells[i]);
  }
  std::span<const Term> terms() const { return {many_.empty() ? few_ : many_.data(), size_}; }

 private:
  size_t size_;
  Term few_[16];
  std::vector<Term> many_;
};

// Of the keys that the map has not, the one that sorts first: ERTS takes them in that order.
Term first_missing(Term map, std::span<const Term> pairs) {
  Term first = Term::none();
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (map_find(map, pairs[i]) != nullptr) continue;
    if (first.is_none() || compare_flatmap_keys(pairs[i], first) < 0) first = pairs[i];
  }
  return first;
}

// The value of an update in x-independent form: none() when an exception or failure is due.
// save() was done.
Term updated_map(State& s, Term map, const Cell* cells, size_t count, bool exact, bool raises) {
  Process& p = s.process();
  if (!is_map(map)) {
    if (raises) p.error_tuple(atoms::badmap, map);
    return Term::none();
  }
  if (count == 2) {
    const Term key = get_source(s, cells[0]);
    const Term value = get_source(s, cells[1]);
    if (!exact) return map_put(p.heap, map, key, value);
    const Term result = map_update(p.heap, map, key, value);
    if (result.is_none() && raises) p.error_tuple(atoms::badkey, key);
    return result;
  }
  const Gathered pairs(s, cells, count);
  if (!exact) return map_put_all(p.heap, map, pairs.terms());
  Term missing = Term::none();
  const Term result = map_update_all(p.heap, map, pairs.terms(), &missing);
  if (result.is_none() && raises) p.error_tuple(atoms::badkey, first_missing(map, pairs.terms()));
  return result;
}

template <bool kExact>
struct PutMap : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto, auto, auto, auto, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto source, auto destination, auto live,
                         auto list) {
    const Term map = source.get(s);
    s.save();
    Term result = updated_map(s, map, list.cells, list.field, kExact, fail.field == 0);
    if (result.is_none()) return fail.field != 0 ? Flow::kFail : Flow::kRaise;
    if (!tidy_heap_gc(s.process(), live.field, &result)) return Flow::kLeave;
    s.load();
    destination.set(s, result);
    return Flow::kNext;
  }
};
struct op_put_map_assoc : PutMap<false> {};
struct op_put_map_exact : PutMap<true> {};

struct op_new_flat_map : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto keys, auto destination, auto, auto values) {
    const size_t count = values.field;
    if (!s.has_room(count + 2) || (kAssertions && s.r->stress_due())) return Flow::kSlow;
    build(s, keys, destination, values);
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto keys, auto destination, auto live,
                         auto values) {
    const Flow flow = collect_gc(s, values.field + size_t{2}, live.field);
    if (flow == Flow::kNext) build(s, keys, destination, values);
    return flow;
  }
  JOIST_INLINE void build(State& s, auto keys, auto destination, auto values) {
    const size_t count = values.field;
    Word* words = s.hp;
    s.hp += count + 2;
    words[0] = make_header(Boxed::kFlatMap, count + 1);
    words[1] = keys.get(s).bits();
    for (size_t i = 0; i < count; ++i) words[2 + i] = get_source(s, values.cells[i]).bits();
    destination.set(s, Term::boxed(words));
  }
};

struct op_has_map_fields : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto map, auto keys) {
    const Term t = map.get(s);
    for (uint32_t i = 0; i < keys.field; ++i) {
      if (map_find(t, get_source(s, keys.cells[i])) == nullptr) return false;
    }
    return true;
  }
};

struct op_get_map_elements : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto map, auto list) {
    const Term t = map.get(s);
    for (uint32_t i = 0; i < list.field; i += 2) {
      const Term* value = map_find(t, get_source(s, list.cells[i]));
      if (value == nullptr) return false;
      set_any(s, static_cast<uint16_t>(list.cells[i + 1]), *value);
    }
    return true;
  }
};

struct op_get_map_element : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto map, auto key_operand, auto destination) {
    const Term t = map.get(s);
    const Term key = key_operand.get(s);
    if (!is_flat_map(t)) return Flow::kSlow;
    const size_t size = flat_map_size(t);
    const Term* keys = term_words(object_words(flat_map_keys_tuple(t)));
    for (size_t i = 0; i < size; ++i) {
      if (keys[i] == key) {
        destination.set(s, term_words(object_words(t))[1 + i]);
        return Flow::kNext;
      }
    }
    return equal_only_by_word(key) ? Flow::kFail : Flow::kSlow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto map, auto key, auto destination) {
    const Term* value = map_find(map.get(s), key.get(s));
    if (value == nullptr) return Flow::kFail;
    destination.set(s, *value);
    return Flow::kNext;
  }
};

}  // namespace

void fill_map(HandlerTable& table) {
#define JOIST_OP_GROUP_map JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
