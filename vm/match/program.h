// Match programs: what match specifications are compiled to, for tables and for tracing.
//
// A program is a row of clauses. Each begins with kTry, which says where the next one begins,
// then matches the head, evaluates the guards and at last the body:
//
//   try else 7 | tuple 2 | bind 0 | equal a | test... | body | push... | return
//
// The head walks the subject with a place pointer `ep` (the next term to look at) and a stack of
// places to come back to. What is last in its tuple or list needs no way back, so a long list
// takes no stack. Guards and bodies run on a stack of terms.
//
// A program is immutable once compiled: many threads may run it at once.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "vm/code/export.h"
#include "vm/heap/packed.h"

namespace joist {

enum class MatchOp : uint8_t {
  kTry,   // n: index of the next clause, or of kFail
  kFail,  // no clause matches
  // --- head ---
  kTuple,      // *ep is a tuple of n; go into it
  kPushTuple,  // the same, and come back behind it
  kList,       // *ep is a list cell; go into it
  kPushList,
  kEnterMap,  // *ep is a map of at least n pairs; for kKey; come back behind it
  kKey,       // the map has the key `term`: its value is next
  kLeaveMap,
  kPop,              // come back
  kBind,             // variable n is *ep++
  kSame,             // *ep++ equals variable n
  kEqualWord,        // *ep++ is the immediate `term`
  kEqualFloat,       // *ep++ is a float with the bits of `term`
  kEqualTerm,        // *ep++ equals `term`
  kSkip,             // ep += n
  kArguments,        // the subject is an array of n terms; go into it
  kArgumentsPrefix,  // of n or more
  kBindArguments,    // variable n is the list of them
  // --- guard and body ---
  kBeginGuard,  // what guards build is given up at kEndGuard
  kEndGuard,
  kBody,       // from here a failing call gives 'EXIT'; results are built on the heap
  kConstant,   // push `term`
  kVariable,   // push variable n
  kWhole,      // push the subject ('$_')
  kCons,       // tail, head -> list
  kMakeList,   // n terms, tail -> list
  kMakeTuple,  // n terms -> tuple
  kMakeMap,    // n pairs key, value -> map
  kCall,       // n arguments -> what `native` returns
  kProduct,    // the same of two, which takes as long as arith_product_cost() says
  kAnd,        // n booleans
  kOr,
  kAndAlso,  // false on the stack: jump to n with it; true: drop it
  kOrElse,   // true on the stack: jump to n with it; false: drop it
  kJump,     // to n
  kTrue,     // pop; it must be true
  kWaste,    // pop
  kSelf,
  kTraceForm,  // what only tracing knows: see trace_form_instruction
  kReturn,     // pop: the result
  kHalt,       // end of a clause; its result is the latest kReturn's, or true
};

// The special forms of the trace dialect.
enum class TraceForm : uint8_t {
  kMessage,
  kIsSeqTrace,
  kSetSeqToken,
  kGetSeqToken,
  kReturnTrace,
  kExceptionTrace,
  kDisplay,
  kProcessDump,
  kEnableTrace,
  kDisableTrace,
  kTrace,
  kCaller,
  kCallerLine,
  kCurrentStacktrace,
  kSilent,
  kSetControlWord,
  kGetControlWord,
};
// n of a kTraceForm: the form and the number of its arguments.
constexpr uint32_t trace_form_operand(TraceForm form, uint32_t arguments) {
  return static_cast<uint32_t>(form) | arguments << 8;
}

struct MatchInstruction {
  MatchOp op;
  uint32_t n = 0;
  union {
    Word word = 0;
    NativeFunction native;
  };
  Term term() const { return Term::from_bits(word); }
};
static_assert(sizeof(MatchInstruction) == 16);

// A function that guards and bodies may call.
struct MatchFunction {
  Term name;
  uint32_t arity;
  NativeFunction native;
  bool is_product = false;  // a multiplication or division
};
using MatchFunctions = std::span<const MatchFunction>;

class MatchProgram {
 public:
  std::vector<MatchInstruction> code;
  std::deque<PackedTerm> constants;  // what instructions refer to
  uint32_t variables = 0;
  uint32_t place_depth = 0;  // most places to come back to
  uint32_t stack_depth = 0;  // most terms on the stack
};

// Tracing has three sorts of events; not all forms make sense for each.
enum class MatchDialect : uint8_t { kTable, kTrace, kTraceSend, kTraceReceive };

struct MatchError {
  bool warning;
  std::string text;
};

struct MatchCompilation {
  bool ok = false;
  bool system_limit = false;  // why it is not ok: nested too deeply
  std::vector<MatchError> errors;
  MatchProgram program;
};

// One clause {Head, Guards, Body}. For the trace dialect heads are lists of arguments.
struct MatchClause {
  Term head;
  Term guards;
  Term body;
};

// Compiles a match specification, a list of clauses.
MatchCompilation compile_match_spec(Term spec, MatchDialect dialect, MatchFunctions functions);
// A single clause of the table dialect, for ets:match and its kin.
MatchCompilation compile_match_clause(const MatchClause& clause, MatchFunctions functions);

}  // namespace joist
