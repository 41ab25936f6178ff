// Module ets, natives that look at and change rows: insert, lookup, delete, and walking by key.
#include <vector>

#include "bif/ets_access.h"
#include "bif/large_argument.h"
#include "bif/magic.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/sched/online.h"

namespace joist {

namespace {

bool fits_table(Term tuple, const EtsTable& table) {
  return is_tuple(tuple) && tuple_size(tuple) >= table.options.key_position;
}

// null: the row takes so many words, or has so large a key, that a dirty thread is to put it in.
EtsObject* row_in_slice(Process& p, const EtsTable& table, Term tuple) {
  if (is_for_dirty(p, tuple_elements(tuple)[table.options.key_position - 1])) return nullptr;
  return table.make_row(tuple, on_scheduler(p) ? kLargeTermWords : SIZE_MAX);
}

// --- insert ---

// A list that is being inserted, across yields. Its rows are copied first, without any lock, then
// put into the table in one step, or, when there are very many, in steps while the table is busy.
struct InsertState {
  ~InsertState() {
    for (EtsObject* row : rows) free_object(row);
  }
  std::vector<EtsObject*> rows;
  bool putting = false;  // they are the table's already: `pending`
};
using InsertReference = Magic<InsertState>;

// More rows than this are put in steps.
constexpr size_t kRowsAtOnce = 4000;

// Before OTP 26 a list goes into a bag, or when it is long into any table, from its end.
bool inserts_backward(Process& p, const EtsTable& table, size_t count) {
  if (p.runtime->otp_release >= 26) return false;
  return table.options.type == EtsType::kBag ||
         static_cast<int64_t>(count) > p.reductions * kRowsPerReduction;
}

// Takes the rows of `state` over. none(): p has yielded or raised.
Term put_rows(Process& p, TableUse& table, InsertState& state, Term id, Term rest, Term list,
              bool only_new) {
  if (state.rows.size() <= kRowsAtOnce || only_new) {
    const StoreAnswer answer = table.store().insert_all(state.rows, only_new, table.gate());
    p.charge(static_cast<int64_t>(state.rows.size()) / kRowsPerReduction);
    if (answer == StoreAnswer::kRefused) return table.refuse({id, rest}, {id, list});
    if (answer == StoreAnswer::kOk) state.rows.clear();
    return boolean(answer == StoreAnswer::kOk);
  }
  if (!table.gate().open()) return table.refuse({id, rest}, {id, list});
  auto pending = std::make_unique<EtsTable::Pending>();
  pending->rows = state.rows;
  EtsTables& tables = *p.runtime->ets;
  const bool may_wait = !on_scheduler(p);
  if (!tables.begin_pending(*table.get(), table.gate(), std::move(pending), may_wait)) {
    return table.refuse({id, rest}, {id, list});
  }
  state.rows.clear();
  state.putting = true;
  int64_t budget = std::max<int64_t>(p.reductions, 1) * kRowsPerReduction;
  if (tables.help(*table.get(), &budget, may_wait)) return atoms::true_;
  p.charge(p.reductions);
  return p.yield({id, rest});
}

// `rest`: {InsertState, what is left of the list, the list}.
Term insert_some(Process& p, Term id, Term state_tuple, bool only_new) {
  const std::span<Term> parts = tuple_elements(state_tuple);
  InsertState& state = *InsertReference::get(parts[0]);
  const Term list = parts[2];
  TableUse table(p, id, kEtsWrite);
  if (state.putting) {
    // The rows are in, or others have seen to it; the table may even be gone by now.
    if (table.get() == nullptr) return atoms::true_;
    int64_t budget = std::max<int64_t>(p.reductions, 1) * kRowsPerReduction;
    if (p.runtime->ets->help(*table.get(), &budget, !on_scheduler(p))) return atoms::true_;
    p.charge(p.reductions);
    return p.yield({id, state_tuple});
  }
  if (!table) return table.refuse({id, state_tuple}, {id, list});
  int64_t budget = std::max<int64_t>(p.reductions, 1) * kRowsPerReduction;
  Term rest = parts[1];
  for (; rest.is_list(); rest = rest.tail()) {
    if (--budget < 0) {
      p.charge(p.reductions);
      return p.yield({id, make_tuple(p.heap, {parts[0], rest, list})});
    }
    EtsObject* row = row_in_slice(p, *table.get(), rest.head());
    if (row == nullptr) {
      return hand_to_dirty(p, {id, make_tuple(p.heap, {parts[0], rest, list})});
    }
    state.rows.push_back(row);
  }
  const Term done = make_tuple(p.heap, {parts[0], rest, list});
  return put_rows(p, table, state, id, done, list, only_new);
}

// A list of more rows is a dirty thread's affair altogether.
constexpr size_t kManyRows = 100'000;

bool is_insert_state(Term term) {
  return is_tuple(term) && tuple_size(term) == 3 &&
         InsertReference::get(tuple_elements(term)[0]) != nullptr;
}

Term insert_list(Process& p, TableUse& table, Term id, Term list, bool only_new) {
  size_t count = 0;
  Term rest = list;
  for (; rest.is_list(); rest = rest.tail(), ++count) {
    if (count == kManyRows && on_scheduler(p)) return hand_to_dirty(p, {id, list});
    if (!fits_table(rest.head(), *table.get())) return p.badarg();
  }
  if (!rest.is_nil()) return p.badarg();
  if (count == 0) return atoms::true_;
  p.charge(static_cast<int64_t>(count) / kRowsPerReduction);
  Term ordered = list;
  if (inserts_backward(p, *table.get(), count)) {
    ordered = Term::nil();
    for (rest = list; rest.is_list(); rest = rest.tail()) {
      ordered = make_cons(p.heap, rest.head(), ordered);
    }
  }
  constexpr size_t kShort = 500;
  if (count > kShort) {
    const Term state = InsertReference::make(p, 0);
    return p.yield({id, make_tuple(p.heap, {state, ordered, list})});
  }
  InsertState state;
  state.rows.reserve(count);
  for (; ordered.is_list(); ordered = ordered.tail()) {
    EtsObject* row = row_in_slice(p, *table.get(), ordered.head());
    if (row == nullptr) return hand_to_dirty(p, {id, list});
    state.rows.push_back(row);
  }
  return put_rows(p, table, state, id, list, list, only_new);
}

Term back_from_inserting(Process& p, Term id, Term rows) {
  const Term result = back_from_dirty(p);
  if (result.is_none() && p.outcome == NativeOutcome::kRaise && is_tuple(rows) &&
      is_insert_state(rows)) {
    restore_arguments(p, {id, tuple_elements(rows)[2]});
  }
  return result;
}

Term insert(Process& p, Term id, Term rows, bool only_new) {
  if (p.suspended != nullptr) return back_from_inserting(p, id, rows);
  OnlineScope online(p);
  if (is_tuple(rows) && is_insert_state(rows)) return insert_some(p, id, rows, only_new);
  TableUse table(p, id, kEtsWrite);
  if (!table) return table.refuse({id, rows});
  Term tuple = rows;
  if (rows.is_list() && rows.tail().is_nil()) tuple = rows.head();
  if (!is_tuple(tuple)) return insert_list(p, table, id, rows, only_new);
  if (!fits_table(tuple, *table.get())) return p.badarg();
  EtsObject* row = row_in_slice(p, *table.get(), tuple);
  if (row == nullptr) return hand_to_dirty(p, {id, rows});
  const StoreAnswer answer = table.store().insert(row, only_new, table.gate());
  if (answer != StoreAnswer::kOk) free_object(row);
  if (answer == StoreAnswer::kRefused) return table.refuse({id, rows});
  return boolean(answer == StoreAnswer::kOk);
}

Term insert_2(Process& p, Term id, Term rows) { return insert(p, id, rows, false); }
Term insert_new_2(Process& p, Term id, Term rows) { return insert(p, id, rows, true); }

// --- lookup ---

// Copies of rows that were pinned, in their order, which is newest first.
Term copies_of(const PinnedRows& pins, Allocator& heap) {
  Term list = Term::nil();
  for (const EtsObject* row : pins.rows()) list = make_cons(heap, row->copy(heap), list);
  return list;
}

// Finds or takes rows of which one is large, on a dirty thread: `find` asks the store.
template <typename Find>
Term large_rows(Process& p, Term id, Term key, uint32_t rights, Find find) {
  if (on_scheduler(p)) return back_from_dirty(p);
  Term rows = Term::nil();
  PinnedRows pins;
  {
    OnlineScope online(p);
    TableUse table(p, id, rights);
    if (!table) return table.refuse({id, key});
    if (find(table, &rows, &pins) == StoreAnswer::kRefused) return table.refuse({id, key});
  }
  return pins.rows().empty() ? rows : copies_of(pins, p.heap);
}

bool is_large_call(const Process& p) { return p.suspended != nullptr || !on_scheduler(p); }

Term lookup_2(Process& p, Term id, Term key) {
  if (is_large_call(p)) [[unlikely]] {
    return large_rows(p, id, key, kEtsRead, [&](TableUse& table, Term* rows, PinnedRows* pins) {
      return table.store().lookup(key, table.gate(), p.heap, rows, pins);
    });
  }
  if (is_for_dirty(p, key)) return hand_to_dirty(p, {id, key});
  TableUse table(p, id, kEtsRead);
  if (!table) return table.refuse({id, key});
  Term rows = Term::nil();
  const StoreAnswer answer = table.store().lookup(key, table.gate(), p.heap, &rows);
  if (answer == StoreAnswer::kLarge) return hand_to_dirty(p, {id, key});
  return answer == StoreAnswer::kRefused ? table.refuse({id, key}) : rows;
}

Term member_2(Process& p, Term id, Term key) {
  if (is_dirty_call(p, {key})) return hand_over(p, {id, key});
  OnlineScope online(p);
  TableUse table(p, id, kEtsRead);
  if (!table) return table.refuse({id, key});
  const StoreAnswer answer = table.store().member(key, table.gate());
  if (answer == StoreAnswer::kRefused) return table.refuse({id, key});
  return boolean(answer == StoreAnswer::kOk);
}

// An element of rows that were pinned; a list of them for bags. none(): there is no such element.
Term element_of(const PinnedRows& pins, size_t position, bool is_bag, Allocator& heap) {
  Term list = Term::nil();
  for (const EtsObject* row : pins.rows()) {
    if (position > row->arity()) return Term::none();
    const Term value = row->copy_element(position, heap);
    if (!is_bag) return value;
    list = make_cons(heap, value, list);
  }
  return list;
}

// The element, `otherwise` where there is no such key; that is none(): badarg.
Term lookup_element(Process& p, Term id, Term key, Term position, Term otherwise,
                    std::initializer_list<Term> arguments) {
  if (is_dirty_call(p, {key})) return hand_over(p, arguments);
  OnlineScope online(p);
  TableUse table(p, id, kEtsRead);
  if (!table) return table.refuse(arguments);
  if (!position.is_small() || position.small_value() < 1) return p.badarg();
  const auto place = static_cast<size_t>(position.small_value());
  Term value = Term::nil();
  PinnedRows pins;
  switch (table.store().element(key, place, table.gate(), p.heap, &value,
                                on_scheduler(p) ? nullptr : &pins)) {
    case StoreAnswer::kRefused:
      return table.refuse(arguments);
    case StoreAnswer::kLarge:
      return hand_to_dirty(p, arguments);
    case StoreAnswer::kNoKey:
      return otherwise.is_none() ? p.badarg(atoms::badkey) : otherwise;
    case StoreAnswer::kOk:
      break;
    default:
      return p.badarg();
  }
  if (!pins.rows().empty()) value = element_of(pins, place, table->is_bag(), p.heap);
  return value.is_none() ? p.badarg() : value;
}

Term lookup_element_3(Process& p, Term id, Term key, Term position) {
  return lookup_element(p, id, key, position, Term::none(), {id, key, position});
}

Term lookup_element_4(Process& p, Term id, Term key, Term position, Term otherwise) {
  return lookup_element(p, id, key, position, otherwise, {id, key, position, otherwise});
}

// --- delete and take ---

Term delete_2(Process& p, Term id, Term key) {
  if (is_dirty_call(p, {key})) return hand_over(p, {id, key});
  OnlineScope online(p);
  TableUse table(p, id, kEtsWrite);
  if (!table) return table.refuse({id, key});
  const StoreAnswer answer = table.store().erase(key, table.gate(), p.heap, nullptr);
  return answer == StoreAnswer::kRefused ? table.refuse({id, key}) : Term(atoms::true_);
}

Term take_2(Process& p, Term id, Term key) {
  if (is_large_call(p)) [[unlikely]] {
    return large_rows(p, id, key, kEtsWrite, [&](TableUse& table, Term* rows, PinnedRows* pins) {
      return table.store().erase(key, table.gate(), p.heap, rows, pins);
    });
  }
  if (is_for_dirty(p, key)) return hand_to_dirty(p, {id, key});
  TableUse table(p, id, kEtsWrite);
  if (!table) return table.refuse({id, key});
  Term rows = Term::nil();
  const StoreAnswer answer = table.store().erase(key, table.gate(), p.heap, &rows);
  if (answer == StoreAnswer::kLarge) return hand_to_dirty(p, {id, key});
  return answer == StoreAnswer::kRefused ? table.refuse({id, key}) : rows;
}

Term delete_object_2(Process& p, Term id, Term tuple) {
  if (is_dirty_call(p, {tuple})) return hand_over(p, {id, tuple});
  OnlineScope online(p);
  TableUse table(p, id, kEtsWrite);
  if (!table) return table.refuse({id, tuple});
  if (!fits_table(tuple, *table.get())) return p.badarg();
  const StoreAnswer answer = table.store().erase_object(tuple, table.gate());
  return answer == StoreAnswer::kRefused ? table.refuse({id, tuple}) : Term(atoms::true_);
}

// --- walking by key ---

Term step_result(Process& p, TableUse& table, KeyStep step, Term key, bool with_rows,
                 std::initializer_list<Term> arguments) {
  if (!table) return table.refuse(arguments);
  Term result = Term::nil();
  switch (table.store().step(step, key, with_rows, table.gate(), p.heap, &result)) {
    case StoreAnswer::kOk:
      return result;
    case StoreAnswer::kEnd:
      return atoms::end_of_table;
    case StoreAnswer::kRefused:
      return table.refuse(arguments);
    default:
      return p.badarg();
  }
}

template <KeyStep kStep, bool kWithRows>
Term end_1(Process& p, Term id) {
  TableUse table(p, id, kEtsRead);
  return step_result(p, table, kStep, Term::nil(), kWithRows, {id});
}
template <KeyStep kStep, bool kWithRows>
Term step_2(Process& p, Term id, Term key) {
  if (is_dirty_call(p, {key})) return hand_over(p, {id, key});
  OnlineScope online(p);
  TableUse table(p, id, kEtsRead);
  if (key == atoms::end_of_table && table && table->options.type == EtsType::kOrderedSet) {
    return p.badarg();  // it stands for no key, though it would have its place among these
  }
  return step_result(p, table, kStep, key, kWithRows, {id, key});
}

Term slot_2(Process& p, Term id, Term number) {
  TableUse table(p, id, kEtsRead);
  if (!table) return table.refuse({id, number});
  if (!number.is_small() || number.small_value() < 0) return p.badarg();
  // OTP finds no slot at all in an empty ordered set whose counters are spread.
  const EtsOptions& options = table->options;
  if (options.type == EtsType::kOrderedSet && options.decentralized_counters &&
      table.store().size() == 0) {
    return p.badarg();
  }
  Term rows = Term::nil();
  switch (
      table.store().slot(static_cast<size_t>(number.small_value()), table.gate(), p.heap, &rows)) {
    case StoreAnswer::kOk:
      return rows;
    case StoreAnswer::kEnd:
      return atoms::end_of_table;
    case StoreAnswer::kRefused:
      return table.refuse({id, number});
    default:
      return p.badarg();
  }
}

constexpr NativeEntry kEtsRowNatives[] = {
    {"ets", "delete", native<delete_2>},
    {"ets", "delete_object", native<delete_object_2>},
    {"ets", "first", native<end_1<KeyStep::kFirst, false>>},
    {"ets", "first_lookup", native<end_1<KeyStep::kFirst, true>>},
    {"ets", "insert", native<insert_2>},
    {"ets", "insert_new", native<insert_new_2>},
    {"ets", "last", native<end_1<KeyStep::kLast, false>>},
    {"ets", "last_lookup", native<end_1<KeyStep::kLast, true>>},
    {"ets", "lookup", native<lookup_2>},
    {"ets", "lookup_element", native<lookup_element_3>},
    {"ets", "lookup_element", native<lookup_element_4>},
    {"ets", "member", native<member_2>},
    {"ets", "next", native<step_2<KeyStep::kNext, false>>},
    {"ets", "next_lookup", native<step_2<KeyStep::kNext, true>>},
    {"ets", "prev", native<step_2<KeyStep::kPrevious, false>>},
    {"ets", "prev_lookup", native<step_2<KeyStep::kPrevious, true>>},
    {"ets", "slot", native<slot_2>},
    {"ets", "take", native<take_2>},
    // For what memory the rows take: dead ones of fixed tables show.
    {"erts_internal", "ets_raw_first", native<end_1<KeyStep::kFirstOfAll, false>>},
    {"erts_internal", "ets_raw_next", native<step_2<KeyStep::kNextOfAll, false>>},
};

}  // namespace

std::span<const NativeEntry> ets_row_natives() { return kEtsRowNatives; }

}  // namespace joist
