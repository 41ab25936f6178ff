// From an exception to its handler, and stack traces.
//
// A raw trace is what try hands on in x[2] until someone asks for the readable form:
//
//   {Class, Function, Arguments, Info, Addresses}    built at the place of the error
//     Function   {M, F, A} of the native that failed, or []: the first address tells
//     Arguments  their list for the head of the trace, or true: show the arity
//     Info       extra terms behind the head's location: [{error_info, Map}] or []
//     Addresses  binary of 8-byte code addresses, innermost first
//   {Class, Trace}                                   given to erlang:raise/3
#pragma once

#include "vm/code/module.h"
#include "vm/exec/support.h"
#include "vm/proc/stack_trace.h"

namespace joist {

// The readable form: [{M, F, ArityOrArgs, [{file, F}, {line, L} | Info]}, ...].
Term build_stacktrace(Process& p, Term raw_trace);
Term exception_class_atom(ExceptionClass exception);

// Raises `reason` again with its raw trace; badarg if the trace is none.
Flow raise_again(State& s, Term raw_trace, Term reason);

}  // namespace joist
