// joist eval: one expression, evaluated on OTP and printed as the shell prints it.
#include <memory>

#include "tools/cli/otp_command.h"

namespace joist::cli {

void add_eval(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("eval", "Evaluate an Erlang expression on OTP");
  struct Options : OtpOptions {
    std::string expression;
  };
  auto options = std::make_shared<Options>();
  add_otp_options(*command, *options);
  command->add_option("EXPRESSION", options->expression, "one or more, parted by commas")
      ->required();
  command->footer(
      "\nBoots OTP, evaluates the expressions one after the other and prints the value of the\n"
      "last as the shell does, which leaves out the depths of a large one: io:format shows all.\n"
      "The full stop at the end may be left out. Options come before EXPRESSION.\n\n"
      "Exits with 0 after printing the value; with 1 after an exception, printed to standard\n"
      "error as the shell prints it, or if the text is no expression.\n\n"
      "Examples:\n"
      "  joist eval 'lists:seq(1, 10)'\n"
      "  joist eval 'X = 6 * 7, {answer, X}'\n"
      "  joist eval 'io:format(\"~p~n\", [erlang:system_info(otp_release)])'");
  command->callback([options, &invocation] {
    if (invocation.terms.size() > 1) {
      invocation.fail(make_error("eval takes one text; quote it for the shell"));
      invocation.exit_code = 2;
      return;
    }
    run_module(invocation, *options, "joist_eval", {}, invocation.terms);
  });
}

}  // namespace joist::cli
