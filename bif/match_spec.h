// Match specifications as natives see them: the functions that guards may call, and compiled
// specifications as the magic references that ets:match_spec_compile/1 returns.
#pragma once

#include "bif/magic.h"
#include "vm/match/program.h"

namespace joist {

// The functions that match specifications of this release may call.
MatchFunctions match_functions(int otp_release);

using CompiledMatch = Magic<MatchProgram>;

// Compiles a specification for tables. none(): p has raised badarg or system_limit.
Term make_compiled_match(Process& p, Term spec);

}  // namespace joist
