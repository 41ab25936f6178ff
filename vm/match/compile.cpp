#include "vm/match/compiler.h"
#include "vm/term/atom.h"

namespace joist {

bool MatchCompiler::compile_clause(const MatchClause& clause) {
  bound_.clear();
  stack_ = 0;
  const size_t start = emit(MatchOp::kTry);
  if (!compile_head(clause.head)) return false;
  const size_t guard_start = program().code.size();
  in_guard_ = true;
  emit(MatchOp::kBeginGuard);
  compile_expressions(clause.guards);
  if (program().code.size() == guard_start + 1) {
    program().code.pop_back();
  } else {
    emit(MatchOp::kEndGuard);
  }
  in_guard_ = false;
  if (dialect_ == MatchDialect::kTable && !clause.body.is_list()) {
    error("Body clause does not return anything.");
    return false;
  }
  if (!clause.body.is_nil()) emit(MatchOp::kBody);
  stack_ = 0;
  compile_expressions(clause.body);
  emit(MatchOp::kHalt);
  program().code[start].n = here();
  return !failed_;
}

void MatchCompiler::compile_spec(Term spec) {
  if (!spec.is_list()) {
    error("Match programs are not in a list.");
    return;
  }
  Term rest = spec;
  while (rest.is_list()) rest = rest.tail();
  if (!rest.is_nil()) {
    error("Match programs are not in a proper list.");
    return;
  }
  for (rest = spec; rest.is_list(); rest = rest.tail()) {
    if (!is_tuple(rest.head()) || tuple_size(rest.head()) != 3) {
      error("Match program part is not a tuple of arity 3.");
      return;
    }
  }
  for (rest = spec; rest.is_list(); rest = rest.tail()) {
    const std::span<Term> parts = tuple_elements(rest.head());
    if (!compile_clause({parts[0], parts[1], parts[2]})) return;
  }
}

MatchCompilation MatchCompiler::finish() {
  emit(MatchOp::kFail);
  result_.ok = !failed_;
  return std::move(result_);
}

MatchCompilation compile_match_spec(Term spec, MatchDialect dialect, MatchFunctions functions) {
  MatchCompiler compiler(dialect, functions);
  compiler.compile_spec(spec);
  return compiler.finish();
}

MatchCompilation compile_match_clause(const MatchClause& clause, MatchFunctions functions) {
  MatchCompiler compiler(MatchDialect::kTable, functions);
  compiler.compile_clause(clause);
  return compiler.finish();
}

}  // namespace joist
