// joist shell: OTP's own shell.
#include <memory>

#include "tools/cli/otp_command.h"
#include "tools/erl/erl.h"

namespace joist::cli {

void add_shell(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("shell", "Start OTP's interactive shell");
  struct Options : OtpOptions {
    std::vector<std::string> words;
  };
  auto options = std::make_shared<Options>();
  add_otp_options(*command, *options);
  // For the help only: the words are in the Invocation.
  command->add_option("ERL-ARGUMENT", options->words, "behind --: what erl takes, e.g. -sname me");
  command->footer(
      "\nThe same as `erl` with these options; what follows -- goes to erl as it is. Leave the\n"
      "shell with q(). or Ctrl-G q, or by Ctrl-C twice.\n\n"
      "Exits as erl does: 0, or what halt/1 or init:stop/1 says.\n\n"
      "Examples:\n"
      "  joist shell\n"
      "  joist shell -pa ebin -- -s my_app -config sys");
  command->callback([options, &invocation] {
    const auto own_words = otp_words(invocation, *options);
    if (!own_words.ok()) return invocation.fail(own_words.error());
    std::vector<std::string> words = own_words.value();
    words.insert(words.end(), invocation.terms.begin(), invocation.terms.end());
    invocation.exit_code = erl::run_erl(words, invocation.program_folder);
  });
}

}  // namespace joist::cli
