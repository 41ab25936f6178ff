#include "tools/cli/otp_command.h"

#include <unistd.h>

#include <cstdlib>

#include "tools/erl/erl.h"
#include "vm/os/file.h"

namespace joist::cli {

void add_otp_options(CLI::App& command, OtpOptions& options) {
  command
      .add_option("--pa", options.folders,
                  "look for modules in this folder first (also -pa; may be repeated)")
      ->type_name("DIR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_root_option(command, options.root);
  command
      .add_option("--schedulers", options.schedulers,
                  "how many threads run Erlang processes (also +S); default: one a processor")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
}

Result<std::vector<std::string>> otp_words(const Invocation& invocation,
                                           const OtpOptions& options) {
  if (!options.root.empty()) {
    // A wrong one is told as the option's: for `erl` it comes from the environment.
    JOIST_TRY(invocation.otp_root(options.root));
    setenv("ROOTDIR", options.root.c_str(), 1);
  }
  std::vector<std::string> words;
  if (options.schedulers != 0) words = {"+S", std::to_string(options.schedulers)};
  for (const std::string& folder : options.folders) {
    words.emplace_back("-pa");
    words.push_back(folder);
  }
  return words;
}

void run_module(Invocation& invocation, const OtpOptions& options, const std::string& module,
                const std::vector<std::string>& flags, const std::vector<std::string>& arguments) {
  const std::string own = invocation.program_folder + "/../lib/joist/ebin";
  if (file_kind(own + "/" + module + ".beam") != FileKind::kRegular) {
    return invocation.fail(
        make_error("%s has no %s.beam: build the target joist", own.c_str(), module.c_str()));
  }
  for (const std::string& folder : options.folders) {
    if (file_kind(folder) != FileKind::kDirectory) {
      return invocation.fail(make_error("%s (from -pa): no such folder", folder.c_str()));
    }
  }
  // An interrupt ends the program: there is nobody to use a menu.
  std::vector<std::string> words = {"+Bd", "-noshell", "-boot", "no_dot_erlang", "-pz", own};
  const auto options_words = otp_words(invocation, options);
  if (!options_words.ok()) return invocation.fail(options_words.error());
  words.insert(words.end(), options_words.value().begin(), options_words.value().end());
  if (isatty(STDOUT_FILENO) != 0) words.insert(words.end(), {"-joist_terminal", "output"});
  if (isatty(STDERR_FILENO) != 0) words.insert(words.end(), {"-joist_terminal", "errors"});
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {"-run", module, "main", "-extra"});
  words.insert(words.end(), arguments.begin(), arguments.end());
  invocation.exit_code = erl::run_erl(words, invocation.program_folder);
}

}  // namespace joist::cli
