#include "vm/match/pattern.h"

#include "vm/heap/work_stack.h"
#include "vm/term/atom.h"
#include "vm/term/compare.h"
#include "vm/term/map.h"

namespace joist {

int64_t match_variable(Term term) {
  if (!term.is_atom()) return -1;
  const std::string_view text = atom_text(term);
  if (text.size() < 2 || text[0] != '$') return -1;
  if (text[1] == '0') return text.size() == 2 ? 0 : -1;
  constexpr size_t kMostDigits = 18;
  if (text.size() > 1 + kMostDigits) return -1;
  int64_t number = 0;
  for (const char digit : text.substr(1)) {
    if (digit < '0' || digit > '9') return -1;
    number = number * 10 + (digit - '0');
  }
  return number;
}

namespace {

bool is_open(Term pattern) { return pattern == atoms::underscore || match_variable(pattern) >= 0; }

}  // namespace

bool is_fully_bound(Term pattern) {
  WorkStack<Term> pending;
  pending.push(pattern);
  while (!pending.empty()) {
    Term term = pending.top();
    pending.pop();
    for (; term.is_list(); term = term.tail()) {
      if (term.head().is_pointer()) {
        pending.push(term.head());
      } else if (is_open(term.head())) {
        return false;
      }
    }
    if (is_tuple(term)) {
      for (const Term element : tuple_elements(term)) pending.push(element);
    } else if (is_map(term) || is_open(term)) {
      return false;
    }
  }
  return true;
}

int compare_bound_part(Term pattern, Term key) {
  struct Pair {
    Term pattern;
    Term key;
  };
  WorkStack<Pair> pending;
  pending.push({pattern, key});
  while (!pending.empty()) {
    Pair pair = pending.top();
    pending.pop();
    while (true) {
      if (is_open(pair.pattern) || is_map(pair.pattern)) return 0;
      if (pair.pattern.is_list() && pair.key.is_list()) {
        pending.push({pair.pattern.tail(), pair.key.tail()});
        pair = {pair.pattern.head(), pair.key.head()};
        continue;
      }
      if (is_tuple(pair.pattern) && is_tuple(pair.key) &&
          tuple_size(pair.pattern) == tuple_size(pair.key)) {
        for (size_t i = tuple_size(pair.pattern); i-- > 0;) {
          pending.push({tuple_elements(pair.pattern)[i], tuple_elements(pair.key)[i]});
        }
        break;
      }
      const int order = compare(pair.pattern, pair.key);
      if (order != 0) return order;
      break;
    }
  }
  return 0;
}

namespace {

bool is_form(Term term, size_t size) { return is_tuple(term) && tuple_size(term) == size; }

// Whether the expression `built` makes exactly the term that `matched` has matched.
bool builds_same(Term matched, Term built, bool constant) {
  struct Task {
    Term matched;
    Term built;
    bool constant;
  };
  WorkStack<Task> pending;
  pending.push({matched, built, constant});
  while (!pending.empty()) {
    Task task = pending.top();
    pending.pop();
    const Term a = task.matched;
    Term b = task.built;
    if (b.is_list()) {
      if (!a.is_list()) return false;
      pending.push({a.tail(), b.tail(), task.constant});
      pending.push({a.head(), b.head(), task.constant});
      continue;
    }
    if (is_tuple(b)) {
      if (!task.constant) {
        if (is_form(b, 1) && is_tuple(tuple_elements(b)[0])) {
          b = tuple_elements(b)[0];
        } else if (is_form(b, 2) && tuple_elements(b)[0] == atoms::const_) {
          pending.push({a, tuple_elements(b)[1], true});
          continue;
        } else {
          return false;
        }
      }
      if (!is_form(a, tuple_size(b))) return false;
      for (size_t i = 0; i < tuple_size(b); ++i) {
        pending.push({tuple_elements(a)[i], tuple_elements(b)[i], task.constant});
      }
      continue;
    }
    if (is_map(b)) return false;
    if (b.is_boxed()) {
      if (!exact_equal(a, b)) return false;
      continue;
    }
    if (!(a == b) || a == atoms::underscore || a == atoms::dollar_dollar ||
        a == atoms::dollar_underscore || (task.constant && match_variable(a) >= 0)) {
      return false;
    }
  }
  return true;
}

// The element at `position`, from 1; none(): there is none.
Term key_of(Term tuple, size_t position) {
  if (!is_tuple(tuple) || tuple_size(tuple) < position) return Term::none();
  return tuple_elements(tuple)[position - 1];
}

}  // namespace

bool keeps_key(Term head, Term body, size_t position) {
  if (!body.is_list() || !body.tail().is_nil()) return false;
  const Term result = body.head();
  if (result == atoms::dollar_underscore) return true;
  const Term matched_key = key_of(head, position);
  if (matched_key.is_none()) return false;
  const bool constant = is_form(result, 2) && tuple_elements(result)[0] == atoms::const_;
  if (!constant && !is_form(result, 1)) return false;
  const Term built_key = key_of(tuple_elements(result)[constant ? 1 : 0], position);
  if (built_key.is_none()) return false;
  if (builds_same(matched_key, built_key, constant)) return true;
  if (constant || !is_form(built_key, 3)) return false;
  const std::span<Term> call = tuple_elements(built_key);
  return call[0] == atoms::element && call[1] == Term::small(static_cast<int64_t>(position)) &&
         call[2] == atoms::dollar_underscore;
}

}  // namespace joist
