// joist test: EUnit and Common Test.
#include <memory>

#include "tools/cli/otp_command.h"

namespace joist::cli {

void add_test(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("test", "Find and run EUnit tests and Common Test suites");
  struct Options : OtpOptions {
    std::vector<std::string> targets;
    bool eunit = false;
    bool suites = false;
  };
  auto options = std::make_shared<Options>();
  add_otp_options(*command, *options);
  command->add_flag("--eunit", options->eunit, "only EUnit's tests");
  command->add_flag("--ct", options->suites, "only Common Test's suites");
  command->add_option("TARGET", options->targets, "a folder, a .erl or .beam file, or a module")
      ->required();
  command->footer(
      "\nOf a folder, the sources in it and in src, test and apps/* are compiled in memory with\n"
      "TEST defined, on Joist; without sources its .beam files are looked at. Modules with test/0\n"
      "or *_test/0, *_test_/0 are EUnit's, *_SUITE are Common Test's. What fails is printed at\n"
      "once, then the counts; Common Test's logs stay if something failed.\n\n"
      "Exits with 0 if all passed; with 1 if something failed or there are no tests.\n\n"
      "Examples:\n"
      "  joist test .\n"
      "  joist test --eunit src/parser.erl\n"
      "  joist test -pa ebin parser_tests");
  command->callback([options, &invocation] {
    std::vector<std::string> flags;
    if (options->eunit != options->suites) {
      flags = {"-joist_tests", options->eunit ? "eunit" : "ct"};
    }
    run_module(invocation, *options, "joist_test", flags, options->targets);
  });
}

}  // namespace joist::cli
