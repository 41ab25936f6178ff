// Module ets: update_counter and update_element.
#include <algorithm>
#include <vector>

#include "bif/ets_access.h"
#include "bif/large_argument.h"
#include "bif/registry.h"
#include "vm/heap/arith.h"
#include "vm/heap/builder.h"
#include "vm/sched/online.h"
#include "vm/term/compare.h"

namespace joist {

namespace {

// Changes elements of a row: in a copy of its top level first, so that nothing has happened when
// an operation in the list turns out to be wrong.
class Updater : public RowUpdater {
 public:
  Updater(Process& p, const EtsTable& table, Term key, Term operations, Term initial)
      : process_(p),
        table_(table),
        key_position_(table.options.key_position),
        key_(key),
        operations_(operations),
        initial_(initial) {}

  EtsObject* make_initial() override {
    if (initial_.is_none()) return nullptr;
    const std::span<const Term> elements = tuple_elements(initial_);
    if (elements.size() < key_position_) {
      // What OTP does not expect before release 29, it does not tell of either.
      fail(process_.runtime->otp_release >= 29 ? atoms::default_ : Term::none());
      return nullptr;
    }
    std::vector<Term> copy(elements.begin(), elements.end());
    copy[key_position_ - 1] = key_;
    return table_.make_row(joist::make_tuple(scratch_, std::span<const Term>(copy)));
  }

  EtsObject* update(EtsObject& row) override {
    const size_t arity = row.arity();
    Word* words = arity < kInlineWords ? inline_ : scratch_.alloc(arity + 1);
    std::copy_n(row.tuple(scratch_).object(), arity + 1, words);
    elements_ = {term_words(words + 1), arity};
    if (!apply()) return nullptr;
    // Where immediates took the place of immediates the row itself changes.
    bool in_place = !row.is_pinned();
    for (size_t i = 1; i <= arity && in_place; ++i) {
      const Term value = Term::from_bits(words[i]);
      in_place = value == row.element(i) || (!value.is_pointer() && !row.element(i).is_pointer());
    }
    if (!in_place) return table_.make_row(Term::boxed(words));
    std::copy(words, words + arity + 1, row.words);
    return &row;
  }

  bool failed() const { return failed_; }
  Term raise() const { return cause_.is_none() ? process_.badarg() : process_.badarg(cause_); }

 protected:
  virtual bool apply() = 0;
  virtual Term position_cause() const { return atoms::position; }
  bool fail(Term cause) {
    failed_ = true;
    cause_ = cause;
    return false;
  }
  // The element at a position that an operation names; null: it is wrong, and fail() was called.
  Term* element(Term position) {
    if (!position.is_small()) return wrong(Term::none());
    const int64_t index = position.small_value();
    if (index == static_cast<int64_t>(key_position_)) return wrong(atoms::keypos);
    if (index < 1 || index > static_cast<int64_t>(elements_.size())) {
      return wrong(position_cause());
    }
    return &elements_[static_cast<size_t>(index) - 1];
  }
  Term* wrong(Term cause) {
    fail(cause);
    return nullptr;
  }

  Process& process_;
  const EtsTable& table_;
  const size_t key_position_;
  const Term key_;
  const Term operations_;

 private:
  const Term initial_;
  bool failed_ = false;
  Term cause_ = Term::none();
  std::span<Term> elements_;
  Allocator scratch_;
  static constexpr size_t kInlineWords = 24;
  Word inline_[kInlineWords];
};

class ElementUpdater final : public Updater {
 public:
  using Updater::Updater;
  static Term not_a_set(Process& p) { return p.badarg(); }
  static Term outcome(bool has_key) { return boolean(has_key); }

 private:
  // Told since OTP 26.
  Term position_cause() const override {
    return process_.runtime->otp_release >= 26 ? atoms::position : Term::none();
  }
  // All are checked before any takes effect; later ones of one position win.
  bool apply() override {
    if (is_tuple(operations_)) return apply_one(operations_);
    Term rest = operations_;
    for (; rest.is_list(); rest = rest.tail()) {
      if (!apply_one(rest.head())) return false;
    }
    return rest.is_nil() || fail(Term::none());
  }
  bool apply_one(Term operation) {
    if (!is_tuple(operation) || tuple_size(operation) != 2) return fail(Term::none());
    const std::span<Term> parts = tuple_elements(operation);
    Term* place = element(parts[0]);
    if (place == nullptr) return false;
    *place = parts[1];
    return true;
  }
};

class CounterUpdater final : public Updater {
 public:
  using Updater::Updater;
  static Term not_a_set(Process& p) { return p.badarg(atoms::table_type); }
  Term outcome(bool has_key) const { return has_key ? result_ : process_.badarg(atoms::badkey); }

 private:
  bool apply() override {
    if (is_integer(operations_)) {
      const Term position = Term::small(static_cast<int64_t>(key_position_) + 1);
      return add(position, operations_, Term::none(), Term::none(), &result_);
    }
    if (is_tuple(operations_)) return apply_one(operations_, &result_);
    ListBuilder results(process_.heap);
    Term rest = operations_;
    // Checks come before any addition: the first wrong operation decides what is raised.
    if (!check_all()) return false;
    for (; rest.is_list(); rest = rest.tail()) {
      Term value = Term::nil();
      if (!apply_one(rest.head(), &value)) return false;
      results.add(value);
    }
    result_ = results.finish();
    return true;
  }
  bool check_all() {
    Term rest = operations_;
    for (; rest.is_list(); rest = rest.tail()) {
      if (!check(rest.head())) return false;
    }
    return rest.is_nil() || fail(Term::none());
  }
  bool check(Term operation) {
    if (!is_tuple(operation)) return fail(Term::none());
    const std::span<Term> parts = tuple_elements(operation);
    const bool bounded = parts.size() == 4;
    if (parts.size() != 2 && !bounded) return fail(Term::none());
    if (bounded && (!is_integer(parts[2]) || !is_integer(parts[3]))) return fail(Term::none());
    if (!parts[0].is_small() || !is_integer(parts[1])) return fail(Term::none());
    const Term* place = element(parts[0]);
    return place != nullptr && (is_integer(*place) || fail(Term::none()));
  }
  bool apply_one(Term operation, Term* result) {
    if (!check(operation)) return false;
    const std::span<Term> parts = tuple_elements(operation);
    const bool bounded = parts.size() == 4;
    return add(parts[0], parts[1], bounded ? parts[2] : Term::none(),
               bounded ? parts[3] : Term::none(), result);
  }
  bool add(Term position, Term increment, Term threshold, Term reset, Term* result) {
    Term* place = element(position);
    if (place == nullptr) return false;
    if (!is_integer(*place)) return fail(Term::none());
    const ArithResult sum = arith_add(process_.heap, *place, increment);
    if (sum.status != ArithStatus::kOk) return fail(Term::none());
    Term value = sum.value;
    if (!threshold.is_none()) {
      const bool down = compare(increment, Term::small(0)) < 0;
      const int order = compare(value, threshold);
      if (down ? order < 0 : order > 0) value = reset;
    }
    *place = value;
    *result = value;
    return true;
  }

  Term result_ = Term::nil();
};

bool is_set(const EtsTable& table) { return !table.is_bag(); }

// Whether the table allows the default tuple; badarg is raised if not.
bool accepts_default(Process& p, const EtsTable& table, Term tuple) {
  if (p.runtime->otp_release < 29) return is_tuple(tuple) || (p.badarg(), false);
  if (is_tuple(tuple) && tuple_size(tuple) >= table.options.key_position) return true;
  p.badarg(atoms::default_);
  return false;
}

template <typename RowUpdater>
Term update_row(Process& p, Term id, Term key, Term operations, Term initial,
                std::initializer_list<Term> arguments) {
  if (is_dirty_call(p, {key, operations, initial})) return hand_over(p, arguments);
  OnlineScope online(p);
  TableUse table(p, id, kEtsWrite);
  if (!table) return table.refuse(arguments);
  if (!initial.is_none() && !accepts_default(p, *table.get(), initial)) return Term::none();
  if (!is_set(*table.get())) return RowUpdater::not_a_set(p);
  RowUpdater updater(p, *table.get(), key, operations, initial);
  const StoreAnswer answer = table.store().update(key, table.gate(), updater);
  if (answer == StoreAnswer::kRefused) return table.refuse(arguments);
  if (updater.failed()) return updater.raise();
  return updater.outcome(answer != StoreAnswer::kNoKey);
}

Term update_counter_3(Process& p, Term id, Term key, Term operations) {
  return update_row<CounterUpdater>(p, id, key, operations, Term::none(), {id, key, operations});
}
Term update_counter_4(Process& p, Term id, Term key, Term operations, Term initial) {
  return update_row<CounterUpdater>(p, id, key, operations, initial,
                                    {id, key, operations, initial});
}
Term update_element_3(Process& p, Term id, Term key, Term operations) {
  return update_row<ElementUpdater>(p, id, key, operations, Term::none(), {id, key, operations});
}
Term update_element_4(Process& p, Term id, Term key, Term operations, Term initial) {
  return update_row<ElementUpdater>(p, id, key, operations, initial,
                                    {id, key, operations, initial});
}

constexpr NativeEntry kEtsUpdateNatives[] = {
    {"ets", "update_counter", native<update_counter_3>},
    {"ets", "update_counter", native<update_counter_4>},
    {"ets", "update_element", native<update_element_3>},
    {"ets", "update_element", native<update_element_4>},
};

}  // namespace

std::span<const NativeEntry> ets_update_natives() { return kEtsUpdateNatives; }

}  // namespace joist
