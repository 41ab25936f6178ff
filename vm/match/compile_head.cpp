// Heads: patterns to instructions that walk a term.
#include <algorithm>

#include "vm/heap/work_stack.h"
#include "vm/match/compiler.h"
#include "vm/match/pattern.h"
#include "vm/term/atom.h"
#include "vm/term/map.h"

namespace joist {

namespace {

bool is_compound(Term term) { return term.is_list() || is_tuple(term) || is_map(term); }

// What is left to do when a part of the pattern is done.
struct HeadTask {
  enum Kind : uint8_t { kTerms, kPop, kMapPair, kLeaveMap } kind;
  const Term* next = nullptr;  // kTerms: what is still to match, in place order
  const Term* end = nullptr;
  bool goes_on = false;  // kTerms: there is something behind `end`, so a way back is needed
  size_t index = 0;      // kMapPair: of the next pair
};

}  // namespace

void MatchCompiler::bind_or_compare(int64_t number) {
  const auto [place, is_new] = slots_.try_emplace(number, program().variables);
  if (is_new) ++program().variables;
  if (std::find(bound_.begin(), bound_.end(), number) != bound_.end()) {
    emit(MatchOp::kSame, place->second);
    return;
  }
  bound_.push_back(number);
  emit(MatchOp::kBind, place->second);
}

void MatchCompiler::compile_leaf(Term term) {
  const int64_t number = match_variable(term);
  if (number >= 0) {
    bind_or_compare(number);
  } else if (term == atoms::underscore) {
    if (program().code.back().op == MatchOp::kSkip) {
      ++program().code.back().n;
    } else {
      emit(MatchOp::kSkip, 1);
    }
  } else if (is_float(term)) {
    emit_term(MatchOp::kEqualFloat, keep(term));
  } else if (term.is_pointer()) {
    emit_term(MatchOp::kEqualTerm, keep(term));
  } else {
    emit_term(MatchOp::kEqualWord, term);
  }
}

void MatchCompiler::drop_skip() {
  if (program().code.back().op == MatchOp::kSkip) program().code.pop_back();
}

// Matches the one term at ep. `goes_on`: ep must be behind it afterwards.
bool MatchCompiler::walk_head(Term head, bool goes_on) {
  struct MapPair {
    Term key;
    Term value;
  };
  std::deque<std::vector<MapPair>> maps;  // of the tasks that are on the stack
  WorkStack<HeadTask> tasks;
  uint32_t depth = 0;
  const auto deeper = [&] {
    if (++depth > program().place_depth) program().place_depth = depth;
  };
  Term root = head;
  tasks.push({HeadTask::kTerms, &root, &root + 1, goes_on});
  while (!tasks.empty()) {
    HeadTask& task = tasks.top();
    switch (task.kind) {
      case HeadTask::kPop:
        drop_skip();
        emit(MatchOp::kPop);
        --depth;
        tasks.pop();
        continue;
      case HeadTask::kLeaveMap:
        emit(MatchOp::kLeaveMap);
        depth -= 2;
        maps.pop_back();
        tasks.pop();
        continue;
      case HeadTask::kMapPair: {
        std::vector<MapPair>& pairs = maps.back();
        if (task.index == pairs.size()) {
          tasks.pop();
          continue;
        }
        MapPair& pair = pairs[task.index++];
        if (match_variable(pair.key) >= 0) {
          error("Variable found in map key.");
          return false;
        }
        if (pair.key == atoms::underscore) {
          error("Underscore found in map key.");
          return false;
        }
        emit_term(MatchOp::kKey, keep(pair.key));
        tasks.push({HeadTask::kTerms, &pair.value, &pair.value + 1});
        continue;
      }
      case HeadTask::kTerms:
        break;
    }
    const bool ends = task.next + 1 == task.end;
    const bool last = ends && !task.goes_on;
    const Term term = *task.next++;
    if (ends) tasks.pop();
    if (!is_compound(term)) {
      compile_leaf(term);
      continue;
    }
    if (is_map(term)) {
      // The way back is the stack's, even when the map is last.
      emit(MatchOp::kEnterMap, static_cast<uint32_t>(map_size(term)));
      deeper();
      deeper();
      std::vector<MapPair>& pairs = maps.emplace_back();
      Term key;
      Term value;
      for (MapIterator i(term); i.next(&key, &value);) pairs.push_back({key, value});
      tasks.push({HeadTask::kLeaveMap});
      tasks.push({HeadTask::kMapPair});
      continue;
    }
    if (!last) {
      tasks.push({HeadTask::kPop});
      deeper();
    }
    if (term.is_list()) {
      emit(last ? MatchOp::kList : MatchOp::kPushList);
      const Term* cell = term_words(term.cell());
      tasks.push({HeadTask::kTerms, cell, cell + 2});
    } else {
      const std::span<Term> elements = tuple_elements(term);
      emit(last ? MatchOp::kTuple : MatchOp::kPushTuple, static_cast<uint32_t>(elements.size()));
      if (!elements.empty()) {
        tasks.push({HeadTask::kTerms, elements.data(), elements.data() + elements.size()});
      }
    }
  }
  return true;
}

bool MatchCompiler::compile_head(Term head) {
  const bool ok =
      dialect_ != MatchDialect::kTable ? compile_arguments_head(head) : walk_head(head, false);
  if (ok) drop_skip();
  return ok;
}

// A list of arguments, an improper one that ends in '_', or a single variable or '_'.
bool MatchCompiler::compile_arguments_head(Term head) {
  const int64_t number = match_variable(head);
  if (number >= 0) {
    bind_or_compare(number);
    program().code.back().op = MatchOp::kBindArguments;
    return true;
  }
  if (head == atoms::underscore) return true;
  uint32_t count = 0;
  Term rest = head;
  for (; rest.is_list(); rest = rest.tail()) ++count;
  if (!head.is_list() && !head.is_nil()) {
    error("Match head is invalid in this context.");
    return false;
  }
  emit(rest == atoms::underscore ? MatchOp::kArgumentsPrefix : MatchOp::kArguments, count);
  for (rest = head; rest.is_list(); rest = rest.tail()) {
    if (!walk_head(rest.head(), true)) return false;
  }
  return true;
}

}  // namespace joist
