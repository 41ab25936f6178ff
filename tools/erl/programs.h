// The other programs that come with an emulator: erlc, escript, dialyzer, typer, ct_run. Each is
// `erl` with a command line of its own making.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vm/base/result.h"

namespace joist::erl {

bool is_program(std::string_view name);

// What `erl` is called with for that program and its words. May set environment variables that the
// program's Erlang code looks at. An error's text is one line for standard error.
Result<std::vector<std::string>> words_of_program(std::string_view name,
                                                  const std::vector<std::string>& words);

}  // namespace joist::erl
