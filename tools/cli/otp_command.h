// What `joist run`, `eval`, `shell` and `test` share: each boots OTP with a command line of its own
// making. What they then do is Erlang, in stdlib-beam/.
#pragma once

#include <string>
#include <vector>

#include "tools/cli/command.h"

namespace joist::cli {

struct OtpOptions {
  std::string root;
  std::vector<std::string> folders;  // -pa
  size_t schedulers = 0;
};

void add_otp_options(CLI::App& command, OtpOptions& options);

// The root and the emulator's flags are set, the words begin the command line of `erl`.
Result<std::vector<std::string>> otp_words(const Invocation& invocation, const OtpOptions& options);

// Boots OTP, calls main/0 of a module of stdlib-beam/ and leaves the exit code in the invocation.
// `arguments` are its plain arguments, `flags` more words for `erl`.
void run_module(Invocation& invocation, const OtpOptions& options, const std::string& module,
                const std::vector<std::string>& flags, const std::vector<std::string>& arguments);

}  // namespace joist::cli
