// Guards and bodies: expressions to instructions for a stack of terms.
#include <algorithm>
#include <cstring>

#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/match/compiler.h"
#include "vm/match/pattern.h"
#include "vm/term/atoms_trace.h"
#include "vm/term/map.h"
#include "vm/term/print.h"
#include "vm/term/rules.h"

namespace joist {

namespace {

// Calls and tuples within each other; lists may be as long as they like.
constexpr unsigned kMaxDepth = 5000;

// Characters that OTP has room for in a message.
constexpr size_t kMaxErrorText = 99;

// What only trace programs have, and where.
struct TraceFormInfo {
  Term name;
  TraceForm form;
  uint8_t least;  // arguments
  uint8_t most;
  bool in_guards = false;
  bool receives = false;         // allowed for the event 'receive', too
  bool only_calls = false;       // not even for 'send'
  const char* called = nullptr;  // in messages
};
constexpr TraceFormInfo kTraceForms[] = {
    {atoms::message, TraceForm::kMessage, 1, 1, false, true},
    {atoms::is_seq_trace, TraceForm::kIsSeqTrace, 0, 0, true},
    {atoms::set_seq_token, TraceForm::kSetSeqToken, 2, 2, false, false, false, "set_seq_trace"},
    {atoms::get_seq_token, TraceForm::kGetSeqToken, 0, 0},
    {atoms::return_trace, TraceForm::kReturnTrace, 0, 0, false, true},
    {atoms::exception_trace, TraceForm::kExceptionTrace, 0, 0, false, true},
    {atoms::display, TraceForm::kDisplay, 1, 1, false, true},
    {atoms::process_dump, TraceForm::kProcessDump, 0, 0},
    {atoms::enable_trace, TraceForm::kEnableTrace, 1, 2},
    {atoms::disable_trace, TraceForm::kDisableTrace, 1, 2},
    {atoms::trace, TraceForm::kTrace, 2, 3},
    {atoms::caller, TraceForm::kCaller, 0, 0, false, false, true},
    {atoms::caller_line, TraceForm::kCallerLine, 0, 0, false, false, true},
    {atoms::current_stacktrace, TraceForm::kCurrentStacktrace, 0, 1, false, false, true},
    {atoms::silent, TraceForm::kSilent, 1, 1},
    {atoms::set_tcw, TraceForm::kSetControlWord, 1, 1, false, true},
    {atoms::get_tcw, TraceForm::kGetControlWord, 0, 0, true, true},
};

const TraceFormInfo* find_trace_form(Term name, MatchDialect dialect) {
  // These two are functions, for tables not there at all.
  const bool is_word = name == atoms::set_tcw || name == atoms::get_tcw;
  if (is_word && dialect == MatchDialect::kTable) return nullptr;
  if (name == atoms::current_stacktrace && term_rules().otp_release < 26) return nullptr;
  for (const TraceFormInfo& info : kTraceForms) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

}  // namespace

void MatchCompiler::error(std::string text) {
  failed_ = true;
  result_.errors.push_back({false, std::move(text)});
}

MatchCompiler::Value MatchCompiler::term_error(const std::string& text, Term term) {
  std::string whole = text;
  const size_t place = whole.find("%T");
  std::string printed = term_text(term, static_cast<int64_t>(kMaxErrorText));
  whole.replace(place, 2, printed);
  if (whole.size() > kMaxErrorText) whole.resize(kMaxErrorText);
  error(std::move(whole));
  return {};
}

Term MatchCompiler::keep(Term term) {
  if (!term.is_pointer()) return term;
  return program().constants.emplace_back(term).term();
}

void MatchCompiler::push_constant(Term value) {
  emit_term(MatchOp::kConstant, keep(value));
  pushed();
}

void MatchCompiler::push_value(const Value& value) {
  if (value.is_constant) push_constant(value.constant);
}

// OTP compiles arguments from the last to the first, and tells of errors in that order. Called
// behind each argument with the number of errors before the first and before this one.
void MatchCompiler::tell_first(size_t before_all, size_t before_this) {
  const auto errors = result_.errors.begin();
  std::rotate(errors + static_cast<ptrdiff_t>(before_all),
              errors + static_cast<ptrdiff_t>(before_this), result_.errors.end());
}

// The arguments of a call onto the stack.
void MatchCompiler::push_arguments(std::span<const Term> arguments, unsigned depth) {
  const size_t before_all = result_.errors.size();
  for (const Term argument : arguments) {
    const size_t before_this = result_.errors.size();
    push_value(expression(argument, depth));
    tell_first(before_all, before_this);
  }
}

void MatchCompiler::compile_expressions(Term list) {
  if (list.is_nil()) return;
  if (!list.is_list()) {
    error("Match expression is not a list.");
    return;
  }
  for (; list.is_list(); list = list.tail()) {
    push_value(expression(list.head(), 0));
    emit(in_guard_ ? MatchOp::kTrue : MatchOp::kWaste);
    stack_ = 0;
  }
  if (!list.is_nil()) error("Match expression is not a proper list.");
  if (!in_guard_ && dialect_ == MatchDialect::kTable) program().code.back().op = MatchOp::kReturn;
}

MatchCompiler::Value MatchCompiler::expression(Term term, unsigned depth) {
  if (depth > kMaxDepth) {
    result_.system_limit = true;
    return term_error("Excessive nesting; system limit reached near: %T", term);
  }
  if (term.is_list()) return list_expression(term, depth + 1);
  if (is_map(term)) return map_expression(term, depth + 1);
  if (is_tuple(term)) {
    const std::span<Term> parts = tuple_elements(term);
    if (parts.size() == 1 && is_tuple(parts[0])) return tuple_expression(parts[0], depth + 1);
    if (!parts.empty() && parts[0].is_atom() && match_variable(parts[0]) < 0) {
      return function_expression(term, depth + 1);
    }
    return term_error("%T is neither a function call, nor a tuple (tuples are written {{ ... }}).",
                      term);
  }
  const int64_t number = match_variable(term);
  if (number >= 0) return variable_expression(number);
  if (term == atoms::dollar_underscore) {
    emit(MatchOp::kWhole);
    pushed();
    return {};
  }
  if (term == atoms::dollar_dollar) return all_bindings();
  return {true, term};
}

MatchCompiler::Value MatchCompiler::variable_expression(int64_t number) {
  if (std::find(bound_.begin(), bound_.end(), number) == bound_.end()) {
    error("Variable $" + std::to_string(number) + " is unbound.");
    return {};
  }
  emit(MatchOp::kVariable, slots_[number]);
  pushed();
  return {};
}

MatchCompiler::Value MatchCompiler::all_bindings() {
  std::vector<int64_t> numbers = bound_;
  std::sort(numbers.begin(), numbers.end(), [](int64_t a, int64_t b) { return a > b; });
  push_constant(Term::nil());
  for (const int64_t number : numbers) {
    emit(MatchOp::kVariable, slots_[number]);
    pushed();
    emit(MatchOp::kCons);
    popped();
  }
  return {};
}

// Evaluation of constants is put off until something that is none has been met.
bool MatchCompiler::sequence(std::span<const Term> terms, std::vector<Term>& constants,
                             unsigned depth, bool last_first) {
  const size_t begin = constants.size();
  const size_t before_all = result_.errors.size();
  bool all_constant = true;
  for (const Term term : terms) {
    const size_t mark = program().code.size();
    const size_t before_this = result_.errors.size();
    const Value value = expression(term, depth);
    if (last_first) tell_first(before_all, before_this);
    if (!all_constant) {
      push_value(value);
      continue;
    }
    if (value.is_constant) {
      constants.push_back(value.constant);
      continue;
    }
    all_constant = false;
    // The constants so far go before the code of this one.
    std::vector<MatchInstruction> code(program().code.begin() + static_cast<ptrdiff_t>(mark),
                                       program().code.end());
    program().code.resize(mark);
    const size_t count = constants.size() - begin;
    for (size_t i = begin; i < constants.size(); ++i) push_constant(constants[i]);
    constants.resize(begin);
    for (MatchInstruction& instruction : code) {
      const bool jumps = instruction.op == MatchOp::kAndAlso ||
                         instruction.op == MatchOp::kOrElse || instruction.op == MatchOp::kJump;
      if (jumps) instruction.n += static_cast<uint32_t>(count);
    }
    program().code.insert(program().code.end(), code.begin(), code.end());
    program().stack_depth += static_cast<uint32_t>(count);
  }
  return all_constant;
}

MatchCompiler::Value MatchCompiler::list_expression(Term list, unsigned depth) {
  std::vector<Term> parts;  // the elements, then the tail
  Term rest = list;
  for (; rest.is_list(); rest = rest.tail()) parts.push_back(rest.head());
  parts.push_back(rest);
  std::vector<Term> constants;
  if (sequence(parts, constants, depth, false)) {
    const std::span<const Term> values(constants);
    return {true, make_list(scratch_, values.first(values.size() - 1), values.back())};
  }
  emit(MatchOp::kMakeList, static_cast<uint32_t>(parts.size() - 1));
  popped(static_cast<uint32_t>(parts.size()) - 1);
  return {};
}

MatchCompiler::Value MatchCompiler::tuple_expression(Term elements, unsigned depth) {
  const std::span<Term> parts = tuple_elements(elements);
  std::vector<Term> constants;
  if (sequence({parts.data(), parts.size()}, constants, depth, true)) {
    return {true, joist::make_tuple(scratch_, std::span<const Term>(constants))};
  }
  emit(MatchOp::kMakeTuple, static_cast<uint32_t>(parts.size()));
  popped(static_cast<uint32_t>(parts.size()) - 1);
  return {};
}

MatchCompiler::Value MatchCompiler::map_expression(Term map, unsigned depth) {
  std::vector<Term> pairs;
  Term key;
  Term value;
  for (MapIterator i(map); i.next(&key, &value);) {
    pairs.push_back(key);
    pairs.push_back(value);
  }
  std::vector<Term> constants;
  if (sequence(pairs, constants, depth, true)) return {true, make_map(scratch_, constants)};
  emit(MatchOp::kMakeMap, static_cast<uint32_t>(pairs.size() / 2));
  popped(static_cast<uint32_t>(pairs.size()) - 1);
  return {};
}

MatchCompiler::Value MatchCompiler::function_expression(Term call, unsigned depth) {
  const Term name = tuple_elements(call)[0];
  const size_t arguments = tuple_size(call) - 1;
  if (name == atoms::const_) {
    if (arguments != 1) {
      return term_error("Special form 'const' called with more than one argument in %T.", call);
    }
    return {true, tuple_elements(call)[1]};
  }
  if (name == atoms::and_) return connective(call, MatchOp::kAnd, "and", depth);
  if (name == atoms::or_) return connective(call, MatchOp::kOr, "or", depth);
  if (name == atoms::andalso || name == atoms::andthen) {
    return short_circuit(call, MatchOp::kAndAlso, atoms::true_, "andalso", depth);
  }
  if (name == atoms::orelse) {
    return short_circuit(call, MatchOp::kOrElse, atoms::false_, "orelse", depth);
  }
  if (name == atoms::self) {
    if (arguments != 0) return term_error("Special form 'self' called with arguments in %T.", call);
    emit(MatchOp::kSelf);
    pushed();
    return {};
  }
  if (find_trace_form(name, dialect_) != nullptr) return trace_form_expression(call, depth);
  return call_expression(call, depth);
}

MatchCompiler::Value MatchCompiler::trace_form_expression(Term call, unsigned depth) {
  const std::span<Term> parts = tuple_elements(call);
  const TraceFormInfo& info = *find_trace_form(parts[0], dialect_);
  const auto count = static_cast<uint32_t>(parts.size() - 1);
  const std::string name(info.called == nullptr ? atom_text(info.name) : info.called);
  const std::string form = "Special form '" + name + "' ";
  if (dialect_ == MatchDialect::kTable) {
    error(form + "used in wrong dialect.");
    return {};
  }
  const bool wrong_event = (dialect_ == MatchDialect::kTraceReceive && !info.receives) ||
                           (dialect_ != MatchDialect::kTrace && info.only_calls);
  if (wrong_event) {
    error(form + "not allow for this trace event.");
    return {};
  }
  if (in_guard_ && !info.in_guards) {
    error(form + "called in guard context.");
    return {};
  }
  if (count < info.least || count > info.most) {
    const std::string real =
        "Special form '" + std::string(atom_text(info.name)) + "' called with ";
    return term_error(
        real + (info.most == 0 ? "arguments in %T." : "wrong number of arguments in %T."), call);
  }
  push_arguments(parts.subspan(1), depth);
  emit(MatchOp::kTraceForm, trace_form_operand(info.form, count));
  if (count == 0) {
    pushed();
  } else {
    popped(count - 1);
  }
  return {};
}

MatchCompiler::Value MatchCompiler::connective(Term call, MatchOp op, const char* name,
                                               unsigned depth) {
  const std::span<Term> parts = tuple_elements(call);
  if (parts.size() < 2) {
    return term_error(std::string("Special form '") + name + "' called without arguments in %T.",
                      call);
  }
  push_arguments(parts.subspan(1), depth);
  emit(op, static_cast<uint32_t>(parts.size() - 1));
  popped(static_cast<uint32_t>(parts.size()) - 2);
  return {};
}

// e1 -> stack, AndAlso end, e2, AndAlso end, ..., eN, Jump end... The last one is checked as the
// others are, and if it is not decisive the result is `otherwise`.
MatchCompiler::Value MatchCompiler::short_circuit(Term call, MatchOp op, Term otherwise,
                                                  const char* name, unsigned depth) {
  const std::span<Term> parts = tuple_elements(call);
  if (parts.size() < 2) {
    return term_error(std::string("Special form '") + name + "' called without arguments in %T.",
                      call);
  }
  std::vector<size_t> jumps;
  for (size_t i = 1; i < parts.size(); ++i) {
    push_value(expression(parts[i], depth));
    jumps.push_back(emit(i + 1 == parts.size() ? MatchOp::kJump : op));
    popped();
  }
  push_constant(otherwise);
  for (const size_t jump : jumps) program().code[jump].n = here();
  return {};
}

MatchCompiler::Value MatchCompiler::call_expression(Term call, unsigned depth) {
  const std::span<Term> parts = tuple_elements(call);
  const size_t arity = parts.size() - 1;
  for (const MatchFunction& function : functions_) {
    if (!(function.name == parts[0]) || function.arity != arity) continue;
    push_arguments(parts.subspan(1), depth);
    const size_t place = emit(function.is_product ? MatchOp::kProduct : MatchOp::kCall,
                              static_cast<uint32_t>(arity));
    program().code[place].native = function.native;
    if (arity == 0) {
      pushed();
    } else {
      popped(static_cast<uint32_t>(arity) - 1);
    }
    return {};
  }
  return term_error("Function %T/" + std::to_string(arity) + " does_not_exist.", parts[0]);
}

}  // namespace joist
