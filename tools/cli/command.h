// What the subcommands of `joist` share. Each subcommand is one file: add_<name>() declares its
// options and help, and the callback runs it and leaves its exit code in the Invocation.
//
// Exit codes: 0 done, 1 it failed (one line on standard error says what), 2 wrong usage. A program
// that is run may end with any other.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "vm/base/result.h"
#include "vm/engine/otp_root.h"
#include "vm/os/environment.h"

namespace joist::cli {

struct Invocation {
  std::string program_folder;  // of the running program; empty: unknown
  Environment environment;
  std::vector<std::string> terms;  // for the Erlang program, exactly as given
  int exit_code = 0;

  void fail(const Error& error);
  Result<OtpRoot> otp_root(const std::string& named) const;
};

// Options that several subcommands have, spelled and explained alike.
void add_root_option(CLI::App& command, std::string& root);

// `module:function/arity`'s last two parts; an error if `text` is not of that form.
struct FunctionOption {
  std::string function;
  unsigned arity;
};
Result<FunctionOption> parse_function_name(const std::string& text);

void add_disasm(CLI::App& app, Invocation& invocation);
void add_doctor(CLI::App& app, Invocation& invocation);
void add_eval(CLI::App& app, Invocation& invocation);
void add_exec(CLI::App& app, Invocation& invocation);
void add_inspect(CLI::App& app, Invocation& invocation);
void add_natives(CLI::App& app, Invocation& invocation);
void add_run(CLI::App& app, Invocation& invocation);
void add_shell(CLI::App& app, Invocation& invocation);
void add_test(CLI::App& app, Invocation& invocation);

}  // namespace joist::cli
