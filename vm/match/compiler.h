// The compiler's parts: heads (compile_head.cpp), expressions (compile_expression.cpp), and the
// clauses around them (compile.cpp). Internal to vm/match.
#pragma once

#include <optional>
#include <unordered_map>

#include "vm/match/program.h"

namespace joist {

class MatchCompiler {
 public:
  MatchCompiler(MatchDialect dialect, MatchFunctions functions)
      : dialect_(dialect), functions_(functions) {}

  void compile_spec(Term spec);
  // False: give up, the errors say why.
  bool compile_clause(const MatchClause& clause);
  MatchCompilation finish();

 private:
  // --- heads ---
  bool compile_head(Term head);
  bool compile_arguments_head(Term head);
  bool walk_head(Term head, bool goes_on);
  // What matches anything at the end need not be looked at.
  void drop_skip();
  void compile_leaf(Term term);
  void bind_or_compare(int64_t number);

  // --- expressions ---
  // An expression that is constant emits nothing; its value is in `constant`.
  struct Value {
    bool is_constant = false;
    Term constant = Term::none();
  };
  void compile_expressions(Term list);
  Value expression(Term term, unsigned depth);
  Value list_expression(Term list, unsigned depth);
  Value tuple_expression(Term elements, unsigned depth);
  Value map_expression(Term map, unsigned depth);
  Value function_expression(Term call, unsigned depth);
  Value connective(Term call, MatchOp op, const char* name, unsigned depth);
  Value short_circuit(Term call, MatchOp op, Term otherwise, const char* name, unsigned depth);
  Value trace_form_expression(Term call, unsigned depth);
  Value call_expression(Term call, unsigned depth);
  Value variable_expression(int64_t number);
  Value all_bindings();
  std::optional<Value> special_form(Term call, unsigned depth);
  // Compiles several expressions, each onto the stack; all constant: nothing is emitted, and
  // their values are appended to `constants`.
  bool sequence(std::span<const Term> terms, std::vector<Term>& constants, unsigned depth,
                bool last_first);
  void push_arguments(std::span<const Term> arguments, unsigned depth);
  void tell_first(size_t before_all, size_t before_this);
  void push_value(const Value& value);
  void push_constant(Term value);

  // --- emitting ---
  size_t emit(MatchOp op, uint32_t n = 0) {
    program().code.push_back({op, n, {}});
    return program().code.size() - 1;
  }
  void emit_term(MatchOp op, Term term) { program().code.push_back({op, 0, {term.bits()}}); }
  uint32_t here() { return static_cast<uint32_t>(program().code.size()); }
  // The term as the program may keep it.
  Term keep(Term term);
  void pushed(uint32_t count = 1) {
    stack_ += count;
    if (stack_ > program().stack_depth) program().stack_depth = stack_;
  }
  void popped(uint32_t count = 1) { stack_ -= count; }

  void error(std::string text);
  // `text` with the printed form of `term` behind it; both cut to what OTP has room for.
  Value term_error(const std::string& text, Term term);
  MatchProgram& program() { return result_.program; }

  MatchDialect dialect_;
  MatchFunctions functions_;
  MatchCompilation result_;
  bool failed_ = false;
  bool in_guard_ = false;
  uint32_t stack_ = 0;
  std::unordered_map<int64_t, uint32_t> slots_;  // variable's number -> its place
  std::vector<int64_t> bound_;                   // numbers bound in this clause
  Allocator scratch_;                            // constants under construction
};

}  // namespace joist
