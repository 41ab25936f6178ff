// Module ets: select, match and their kin.
//
// A select runs for a slice at a time. What it needs to go on is a tuple in place of its
// specification, {Reference, Results, LastKey, Specification, Compiled}, whose reference no
// Erlang code ever sees; in between the process holds the table fixed. Selects with a limit
// return what OTP returns: a continuation that ets:repair_continuation/2 knows.
//
//   hash tables    {Tid, Position, Limit, Compiled, Rest, length(Rest)}
//   ordered sets   {Table, LastKey, Range, Limit, Compiled, [], Reverse, 0}
#include "bif/ets_select.h"

#include <algorithm>

#include "bif/large_argument.h"
#include "bif/match_spec.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/match/pattern.h"
#include "vm/proc/time.h"
#include "vm/sched/online.h"
#include "vm/term/compare.h"

namespace joist {

void plan_keys(SelectPlan& plan, const EtsTable& table, Term spec) {
  const size_t position = table.options.key_position;
  bool all = false;
  size_t clauses = 0;
  Term pattern = Term::none();
  std::vector<Term> keys;
  for (; spec.is_list(); spec = spec.tail()) {
    const Term head = tuple_elements(spec.head())[0];
    const bool any = head == atoms::underscore || match_variable(head) >= 0;
    // What is no tuple, or too small, matches no row.
    if (!any && (!is_tuple(head) || tuple_size(head) < position)) continue;
    ++clauses;
    const Term key = any ? head : tuple_elements(head)[position - 1];
    pattern = key;
    if (any || !is_fully_bound(key)) {
      all = true;
      continue;
    }
    const auto same = [key](Term other) { return exact_equal(key, other); };
    if (std::none_of(keys.begin(), keys.end(), same)) keys.push_back(key);
  }
  plan.nothing = clauses == 0;
  plan.all_keys = all || table.options.type == EtsType::kOrderedSet;
  if (!plan.all_keys) {
    for (const Term key : keys) plan.keys.emplace_back(key);
  }
  const bool open =
      pattern.is_none() || pattern == atoms::underscore || match_variable(pattern) >= 0;
  if (table.options.type == EtsType::kOrderedSet && clauses == 1 && !open) {
    plan.has_pattern = true;
    plan.pattern = PackedTerm(pattern);
  }
}

namespace {

// What a select keeps over slices.
struct SelectState {
  SelectPlan plan;
  SelectProgress progress;
};
using SelectReference = Magic<SelectState>;

// The terms of a select under way.
struct SelectTerms {
  Term id;
  Term results = Term::nil();
  Term last_key = Term::none();
  Term spec = Term::nil();         // as the native was called; its place in an exception
  Term limit = Term::none();       // third argument, if there was one
  Term compiled = Term::none();    // of selects with a limit: the program's reference
  bool from_continuation = false;  // select/1: its argument is `spec`
};

Term copy_row(Allocator& to, const MatchSubject& subject) {
  return static_cast<const EtsObject*>(subject.context)->copy(to);
}

// Of the budget, so that a slice takes less than a millisecond: what it costs to look at a row,
// most of it to fetch it from memory; what more if it matches; and what its copy costs.
constexpr int64_t kUnitsPerVisit = 4;
constexpr int64_t kUnitsPerMatch = 3;
constexpr int64_t kWordsPerUnit = 4;

// How many words have been taken from a heap since.
class HeapMark {
 public:
  explicit HeapMark(const Allocator& heap)
      : heap_(heap), top_(heap.top), fragment_(heap.fragments), used_(used()) {}
  int64_t words() const {
    const size_t before = heap_.fragments == fragment_ ? used_ : 0;
    return heap_.top - top_ + static_cast<int64_t>(used() - before);
  }

 private:
  size_t used() const { return heap_.fragments == nullptr ? 0 : heap_.fragments->used; }

  const Allocator& heap_;
  const Word* top_;
  const Fragment* fragment_;
  size_t used_;
};

class SelectVisitor final : public RowVisitor {
 public:
  SelectVisitor(Process& p, const EtsTable& table, const MatchProgram& program, SelectMode mode,
                int64_t want, int64_t got, int64_t budget, Term results)
      : heap_(p.heap),
        table_(table),
        run_(p, program),
        mode_(mode),
        want_(want),
        got_(got),
        budget_(budget),
        results_(results) {
    // A row that was replaced must not be met a second time.
    leaves_ = on_scheduler(p) && mode != SelectMode::kReplace;
    if (leaves_) run_.leave_when_long();
  }

  RowAction visit(EtsObject& row, EtsObject** replacement) override {
    budget_ -= kUnitsPerVisit;
    if (left_ || (leaves_ && row.is_large())) [[unlikely]] {
      left_ = true;
      return RowAction::kKeep;
    }
    Allocator scratch;
    const HeapMark before(heap_);
    const MatchSubject subject{row.tuple(scratch), copy_row, &row};
    const Term result = run_(subject);
    left_ = run_.left();
    if (result.is_none()) return RowAction::kKeep;
    budget_ -= kUnitsPerMatch + before.words() / kWordsPerUnit;
    if (mode_ == SelectMode::kCollect) {
      ++got_;
      results_ = make_cons(heap_, result, results_);
      return RowAction::kKeep;
    }
    if (mode_ == SelectMode::kReplace) {
      ++got_;
      *replacement = table_.make_row(result);
      return RowAction::kReplace;
    }
    if (!(result == atoms::true_)) return RowAction::kKeep;
    ++got_;
    return mode_ == SelectMode::kDelete ? RowAction::kDelete : RowAction::kKeep;
  }
  bool wants_more() override {
    // Empty buckets cost a little too.
    return has_room() && --quarter_budget_ > -4 * budget_;
  }

  // A row takes so long that a dirty thread is to go over it.
  bool left() const { return left_; }
  bool has_room() const { return !left_ && (want_ == 0 || got_ < want_) && budget_ > 0; }
  bool has_enough() const { return want_ != 0 && got_ >= want_; }
  int64_t got() const { return got_; }
  int64_t budget() const { return budget_; }
  Term results() const { return results_; }

 private:
  Allocator& heap_;
  const EtsTable& table_;
  MatchRun run_;
  const SelectMode mode_;
  const int64_t want_;
  int64_t got_;
  int64_t budget_;
  int64_t quarter_budget_ = 0;
  Term results_;
  bool leaves_;
  bool left_ = false;
};

bool changes_rows(SelectMode mode) {
  return mode == SelectMode::kDelete || mode == SelectMode::kReplace;
}

Term reversed(Allocator& heap, Term list) {
  Term result = Term::nil();
  for (; list.is_list(); list = list.tail()) result = make_cons(heap, list.head(), result);
  return result;
}

class Select {
 public:
  Select(Process& p, TableUse& table, SelectState& state, const MatchProgram& program,
         SelectTerms& terms)
      : p_(p), table_(table), state_(state), program_(program), terms_(terms) {}

  // Runs a slice. `reference`: the state's, if it has one already.
  Term run(Term reference);

 private:
  StoreAnswer walk(SelectVisitor& visitor);
  StoreAnswer walk_keys(SelectVisitor& visitor, bool exclusive);
  Term finish(bool at_end);
  Term finish_chunk(bool at_end);
  Term refuse(Term reference);
  void fix();
  Term suspend(Term reference);
  Term hand_over(Term reference);
  Term state_tuple(Term reference);
  Term make_state(Term reference);
  void unfix();

  SelectPlan& plan() { return state_.plan; }
  SelectProgress& progress() { return state_.progress; }

  Process& p_;
  TableUse& table_;
  SelectState& state_;
  const MatchProgram& program_;
  SelectTerms& terms_;
};

StoreAnswer Select::walk(SelectVisitor& visitor) {
  const bool exclusive = changes_rows(plan().mode);
  if (plan().nothing) return StoreAnswer::kEnd;
  if (OrderedStore* ordered = table_->ordered()) {
    OrderedStore::Range range;
    range.pattern = plan().has_pattern ? plan().pattern.term() : Term::none();
    range.after = terms_.last_key;
    range.inclusive = exclusive;
    // Lists without a limit are built from their end.
    range.backward = plan().reverse != (plan().chunk == 0 && plan().mode == SelectMode::kCollect);
    if (exclusive) range.backward = false;
    return ordered->scan(range, exclusive, table_.gate(), visitor, p_.heap, &terms_.last_key);
  }
  if (plan().all_keys) {
    return table_->hash()->scan(&progress().position, exclusive, table_.gate(), visitor);
  }
  return walk_keys(visitor, exclusive);
}

// Who gives up at a later key goes on there.
StoreAnswer Select::walk_keys(SelectVisitor& visitor, bool exclusive) {
  const StoreGate gate = table_.gate();
  for (uint64_t& next = progress().position; next < plan().keys.size(); ++next) {
    const Term key = plan().keys[next].term();
    const StoreAnswer answer = table_.store().visit_key(key, exclusive, gate, visitor);
    if (answer != StoreAnswer::kRefused) continue;
    return next != 0 && gate.open() ? StoreAnswer::kOk : answer;
  }
  return StoreAnswer::kEnd;
}

void Select::unfix() {
  if (!progress().fixed) return;
  progress().fixed = false;
  p_.runtime->ets->unfix(*table_.get(), p_.pid);
}

Term Select::make_state(Term reference) {
  if (!reference.is_none()) return reference;
  return SelectReference::make(p_, 0, std::move(state_));
}

Term Select::state_tuple(Term reference) {
  // What is none() is no term: its place is taken by [], and the state tells.
  reference = make_state(reference);
  SelectProgress& kept = SelectReference::get(reference)->progress;
  kept.has_last_key = !terms_.last_key.is_none();
  kept.has_limit = !terms_.limit.is_none();
  kept.has_compiled = !terms_.compiled.is_none();
  const auto filled = [](Term term) { return term.is_none() ? Term::nil() : term; };
  return make_tuple(p_.heap, {reference, terms_.results, filled(terms_.last_key), terms_.spec,
                              filled(terms_.compiled), filled(terms_.limit),
                              boolean(terms_.from_continuation), terms_.id});
}

// Goes on in the next slice, with the arguments that the native has.
Term yield_select(Process& p, const SelectTerms& terms, Term state) {
  if (terms.from_continuation) return p.yield({state});
  if (terms.limit.is_none()) return p.yield({terms.id, state});
  return p.yield({terms.id, state, terms.limit});
}

void Select::fix() {
  if (progress().fixed) return;
  progress().fixed = true;
  ErlangTime& time = *p_.runtime->time;
  p_.runtime->ets->fix(*table_.get(), p_.pid, time.monotonic(), time.offset());
}

Term Select::hand_over(Term reference) {
  fix();
  const Term state = state_tuple(reference);
  if (terms_.from_continuation) return hand_to_dirty(p_, {state});
  if (terms_.limit.is_none()) return hand_to_dirty(p_, {terms_.id, state});
  return hand_to_dirty(p_, {terms_.id, state, terms_.limit});
}

Term Select::suspend(Term reference) {
  fix();
  p_.charge(p_.reductions);
  return yield_select(p_, terms_, state_tuple(reference));
}

Term Select::refuse(Term reference) {
  const uint32_t rights = table_->rights.load(std::memory_order_acquire);
  const bool waits = (rights & ets_rights::kBusy) != 0;
  if (!waits) unfix();
  const Term state = waits ? state_tuple(reference) : terms_.spec;
  if (terms_.from_continuation) return table_.refuse({state}, {terms_.spec});
  if (terms_.limit.is_none()) return table_.refuse({terms_.id, state}, {terms_.id, terms_.spec});
  return table_.refuse({terms_.id, state, terms_.limit}, {terms_.id, terms_.spec, terms_.limit});
}

Term Select::run(Term reference) {
  const int64_t granted = std::max<int64_t>(p_.reductions, 1) * kRowsPerReduction;
  StoreAnswer answer;
  int64_t left;
  bool enough;
  // To begin this slice again on a dirty thread. Rows that were deleted are not met again.
  const uint64_t position = progress().position;
  const Term last_key = terms_.last_key;
  {
    SelectVisitor visitor(p_, *table_.get(), program_, plan().mode, plan().chunk, progress().got,
                          granted, terms_.results);
    answer = visitor.has_enough() ? StoreAnswer::kOk : walk(visitor);
    if (visitor.left() && answer != StoreAnswer::kRefused) {
      progress().position = position;
      terms_.last_key = last_key;
      if (plan().mode == SelectMode::kDelete) progress().got = visitor.got();
      return hand_over(reference);
    }
    progress().got = visitor.got();
    terms_.results = visitor.results();
    left = visitor.budget();
    enough = visitor.has_enough();
  }
  p_.charge((granted - left) / kRowsPerReduction + 1);
  if (answer == StoreAnswer::kRefused) return refuse(reference);
  if (answer == StoreAnswer::kOk && !enough) return suspend(reference);
  if (progress().fixed && on_scheduler(p_) && takes_long_to_unfix(*table_.get())) {
    return hand_over(reference);
  }
  unfix();
  return finish(answer == StoreAnswer::kEnd);
}

Term Select::finish(bool at_end) {
  if (plan().mode != SelectMode::kCollect) return Term::small(progress().got);
  return plan().chunk == 0 ? terms_.results : finish_chunk(at_end);
}

// {Results, Continuation}, {Results, '$end_of_table'} or '$end_of_table'.
Term Select::finish_chunk(bool at_end) {
  Allocator& heap = p_.heap;
  const Term limit = Term::small(plan().chunk);
  if (table_->ordered() != nullptr) {
    if (progress().got == 0) return atoms::end_of_table;
    const Term results = reversed(heap, terms_.results);
    // A key that is given entirely needs no second look.
    const bool one_key = plan().has_pattern && is_fully_bound(plan().pattern.term());
    if (at_end ? progress().got < plan().chunk : false) {
      return make_tuple(heap, {results, atoms::end_of_table});
    }
    if (one_key) return make_tuple(heap, {results, atoms::end_of_table});
    const Term range = plan().has_pattern ? plan().pattern.copy_to(heap) : Term::nil();
    const Term continuation =
        make_tuple(heap, {terms_.id, terms_.last_key, range, limit, terms_.compiled, Term::nil(),
                          Term::small(plan().reverse), Term::small(plan().has_pattern)});
    return make_tuple(heap, {results, continuation});
  }
  // A bucket may hold more than the limit: the oldest results go first.
  Term rest = Term::nil();
  Term results = terms_.results;
  int64_t rest_count = 0;
  if (progress().got > plan().chunk) {
    ListBuilder first(heap);
    for (; progress().got - rest_count > plan().chunk; ++rest_count) {
      first.add(results.head());
      results = results.tail();
    }
    rest = first.finish();
  }
  if (!rest.is_nil() || !at_end) {
    const Term position =
        at_end ? Term::small(-1) : Term::small(static_cast<int64_t>(progress().position));
    const Term continuation = make_tuple(heap, {table_->make_reference(heap), position, limit,
                                                terms_.compiled, rest, Term::small(rest_count)});
    return make_tuple(heap, {results, continuation});
  }
  if (results.is_nil()) return atoms::end_of_table;
  return make_tuple(heap, {results, atoms::end_of_table});
}

// --- starting ---

struct SelectCall {
  Term id;
  Term spec;                  // as called
  Term limit = Term::none();  // as called
  SelectMode mode = SelectMode::kCollect;
  bool reverse = false;
};

// A select that has yielded: {Reference, Results, ...} as state_tuple makes it.
SelectState* suspended(Term term) {
  if (!is_tuple(term) || tuple_size(term) != 8) return nullptr;
  return SelectReference::get(tuple_elements(term)[0]);
}

Term resume(Process& p, Term state_term, uint32_t needed) {
  SelectState& state = *suspended(state_term);
  const std::span<Term> parts = tuple_elements(state_term);
  SelectTerms terms;
  terms.results = parts[1];
  if (state.progress.has_last_key) terms.last_key = parts[2];
  terms.spec = parts[3];
  if (state.progress.has_compiled) terms.compiled = parts[4];
  if (state.progress.has_limit) terms.limit = parts[5];
  terms.from_continuation = parts[6] == atoms::true_;
  terms.id = parts[7];
  TableUse table(p, terms.id, needed);
  const MatchProgram* program =
      terms.compiled.is_none() ? &state.plan.program : CompiledMatch::get(terms.compiled);
  if (table.get() == nullptr) {
    if (terms.from_continuation) return table.refuse({terms.spec});
    if (terms.limit.is_none()) return table.refuse({terms.id, terms.spec});
    return table.refuse({terms.id, terms.spec, terms.limit});
  }
  return Select(p, table, state, *program, terms).run(parts[0]);
}

bool all_keep_key(Term spec, size_t position) {
  for (; spec.is_list(); spec = spec.tail()) {
    const std::span<Term> parts = tuple_elements(spec.head());
    if (!keeps_key(parts[0], parts[2], position)) return false;
  }
  return true;
}

Term hand_over(Process& p, const SelectCall& call) {
  return call.limit.is_none() ? hand_to_dirty(p, {call.id, call.spec})
                              : hand_to_dirty(p, {call.id, call.spec, call.limit});
}

// `spec`: the specification to compile, which is not what was called for ets:match.
Term start(Process& p, const SelectCall& call, Term spec) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  OnlineScope online(p);
  const uint32_t needed = changes_rows(call.mode) ? kEtsWrite : kEtsRead;
  if (suspended(call.spec) != nullptr) return resume(p, call.spec, needed);
  if (is_for_dirty(p, call.spec)) return hand_over(p, call);
  TableUse table(p, call.id, needed);
  if (!table) {
    return call.limit.is_none() ? table.refuse({call.id, call.spec})
                                : table.refuse({call.id, call.spec, call.limit});
  }
  if (!call.limit.is_none() && (!call.limit.is_small() || call.limit.small_value() <= 0)) {
    return p.badarg();
  }
  const bool bag = table->options.type == EtsType::kBag;
  if (call.mode == SelectMode::kReplace && bag) return p.badarg(atoms::table_type);
  // No clauses match nothing, which only ets:match_spec_compile/1 takes for wrong.
  MatchCompilation compiled;
  compiled.ok = spec.is_nil();
  if (!compiled.ok) {
    compiled =
        compile_match_spec(spec, MatchDialect::kTable, match_functions(p.runtime->otp_release));
  }
  if (!compiled.ok) return compiled.system_limit ? p.system_limit() : p.badarg();
  if (call.mode == SelectMode::kReplace && !all_keep_key(spec, table->options.key_position)) {
    return p.badarg();
  }
  SelectState state;
  state.plan.mode = call.mode;
  state.plan.reverse = call.reverse;
  state.plan.chunk = call.limit.is_none() ? 0 : call.limit.small_value();
  plan_keys(state.plan, *table.get(), spec);
  SelectTerms terms{call.id};
  terms.spec = call.spec;
  terms.limit = call.limit;
  if (call.limit.is_none()) {
    state.plan.program = std::move(compiled.program);
    return Select(p, table, state, state.plan.program, terms).run(Term::none());
  }
  terms.compiled = CompiledMatch::make(p, 0, std::move(compiled.program));
  const MatchProgram& program = *CompiledMatch::get(terms.compiled);
  return Select(p, table, state, program, terms).run(Term::none());
}

// --- select/1 ---

Term continue_ordered(Process& p, TableUse& table, Term continuation) {
  const std::span<Term> parts = tuple_elements(continuation);
  const MatchProgram* program = parts.size() == 8 ? CompiledMatch::get(parts[4]) : nullptr;
  if (program == nullptr || !parts[3].is_small() || parts[3].small_value() <= 0 ||
      !parts[6].is_small() || !parts[7].is_small()) {
    return p.badarg();
  }
  SelectState state;
  state.plan.chunk = parts[3].small_value();
  state.plan.reverse = parts[6].small_value() != 0;
  state.plan.has_pattern = parts[7].small_value() != 0;
  if (state.plan.has_pattern) state.plan.pattern = PackedTerm(parts[2]);
  SelectTerms terms{parts[0]};
  terms.last_key = parts[1];
  terms.spec = continuation;
  terms.compiled = parts[4];
  terms.from_continuation = true;
  return Select(p, table, state, *program, terms).run(Term::none());
}

Term continue_hash(Process& p, TableUse& table, Term continuation) {
  const std::span<Term> parts = tuple_elements(continuation);
  const MatchProgram* program = parts.size() == 6 ? CompiledMatch::get(parts[3]) : nullptr;
  if (program == nullptr || !parts[1].is_small() || !parts[2].is_small() ||
      parts[2].small_value() <= 0 || !parts[5].is_small()) {
    return p.badarg();
  }
  SelectState state;
  state.plan.chunk = parts[2].small_value();
  state.plan.nothing = parts[1].small_value() < 0;
  state.progress.position = static_cast<uint64_t>(parts[1].small_value());
  for (Term rest = parts[4]; rest.is_list(); rest = rest.tail()) ++state.progress.got;
  SelectTerms terms{parts[0]};
  terms.results = parts[4];
  terms.spec = continuation;
  terms.compiled = parts[3];
  terms.from_continuation = true;
  return Select(p, table, state, *program, terms).run(Term::none());
}

Term select_1(Process& p, Term continuation) {
  if (continuation == atoms::end_of_table) return continuation;
  if (!is_tuple(continuation) || tuple_size(continuation) == 0) return p.badarg();
  if (p.suspended != nullptr) return back_from_dirty(p);
  OnlineScope online(p);
  if (suspended(continuation) != nullptr) return resume(p, continuation, kEtsRead);
  TableUse table(p, tuple_elements(continuation)[0], kEtsRead);
  if (!table) return table.refuse({continuation});
  return table->ordered() != nullptr ? continue_ordered(p, table, continuation)
                                     : continue_hash(p, table, continuation);
}

// --- natives ---

template <SelectMode kMode, bool kReverse>
Term select_2(Process& p, Term id, Term spec) {
  return start(p, {id, spec, Term::none(), kMode, kReverse}, spec);
}
template <bool kReverse>
Term select_3(Process& p, Term id, Term spec, Term limit) {
  return start(p, {id, spec, limit, SelectMode::kCollect, kReverse}, spec);
}

// [{Pattern, [], [Result]}]
Term pattern_spec(Process& p, Term pattern, Term result) {
  const Term body = make_cons(p.heap, result, Term::nil());
  return make_cons(p.heap, make_tuple(p.heap, {pattern, Term::nil(), body}), Term::nil());
}

Term match_2(Process& p, Term id, Term pattern) {
  return start(p, {id, pattern}, pattern_spec(p, pattern, atoms::dollar_dollar));
}
Term match_3(Process& p, Term id, Term pattern, Term limit) {
  return start(p, {id, pattern, limit}, pattern_spec(p, pattern, atoms::dollar_dollar));
}
Term match_object_2(Process& p, Term id, Term pattern) {
  return start(p, {id, pattern}, pattern_spec(p, pattern, atoms::dollar_underscore));
}
Term match_object_3(Process& p, Term id, Term pattern, Term limit) {
  return start(p, {id, pattern, limit}, pattern_spec(p, pattern, atoms::dollar_underscore));
}

constexpr NativeEntry kEtsSelectNatives[] = {
    {"ets", "internal_select_delete", native<select_2<SelectMode::kDelete, false>>},
    {"ets", "match", native<select_1>},
    {"ets", "match", native<match_2>},
    {"ets", "match", native<match_3>},
    {"ets", "match_object", native<select_1>},
    {"ets", "match_object", native<match_object_2>},
    {"ets", "match_object", native<match_object_3>},
    {"ets", "select", native<select_1>},
    {"ets", "select", native<select_2<SelectMode::kCollect, false>>},
    {"ets", "select", native<select_3<false>>},
    {"ets", "select_count", native<select_2<SelectMode::kCount, false>>},
    {"ets", "select_replace", native<select_2<SelectMode::kReplace, false>>},
    {"ets", "select_reverse", native<select_1>},
    {"ets", "select_reverse", native<select_2<SelectMode::kCollect, true>>},
    {"ets", "select_reverse", native<select_3<true>>},
};

}  // namespace

std::span<const NativeEntry> ets_select_natives() { return kEtsSelectNatives; }

}  // namespace joist
