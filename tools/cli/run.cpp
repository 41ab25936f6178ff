// joist run: a program from a file or folder, on OTP.
#include <memory>

#include "tools/cli/otp_command.h"
#include "tools/erl/erl.h"
#include "tools/erl/programs.h"
#include "vm/os/file.h"

namespace joist::cli {

namespace {

// Scripts begin with #! or are called so; what else there is in them is escript's matter.
bool is_script(const std::string& path) {
  if (path.ends_with(".escript")) return true;
  if (file_kind(path) != FileKind::kRegular) return false;
  const Result<std::vector<uint8_t>> bytes = read_file(path);
  return bytes.ok() && bytes.value().size() > 1 && bytes.value()[0] == '#' &&
         bytes.value()[1] == '!';
}

void run_script(Invocation& invocation, const OtpOptions& options) {
  const auto script = erl::words_of_program("escript", invocation.terms);
  if (!script.ok()) return invocation.fail(script.error());
  const auto own_words = otp_words(invocation, options);
  if (!own_words.ok()) return invocation.fail(own_words.error());
  std::vector<std::string> words = own_words.value();
  words.insert(words.end(), script.value().begin(), script.value().end());
  invocation.exit_code = erl::run_erl(words, invocation.program_folder);
}

}  // namespace

void add_run(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("run", "Run a program on OTP, from a file or folder");
  struct Options : OtpOptions {
    std::string path;
    std::vector<std::string> arguments;
  };
  auto options = std::make_shared<Options>();
  add_otp_options(*command, *options);
  command->add_option("PATH", options->path, "a .beam, .erl or .escript file, or a folder")
      ->required();
  // For the help only: the arguments are in the Invocation.
  command->add_option("ARGUMENT", options->arguments, "what main/1 gets, as strings");
  command->footer(
      "\nBoots OTP and calls main/1 with the arguments, or main/0, or start/0, whichever the\n"
      "module exports first. Sources are compiled in memory, on Joist; an escript runs as\n"
      "`escript` runs it. Of a folder, the module is called that is named as its application or\n"
      "the folder, or main, or the only one that can be; an application without such a module is\n"
      "started. What start/0 returns as {ok, Pid} is waited for. Options come before PATH.\n\n"
      "Exits as the program does (halt/1); with 0 when the function has returned; with 1 after\n"
      "an exception or if there is nothing to run.\n\n"
      "Examples:\n"
      "  joist run hello.erl world\n"
      "  joist run -pa deps/ebin ebin/server.beam --port 8080\n"
      "  joist run backup.escript /home\n"
      "  joist run my_app/");
  command->callback([options, &invocation] {
    if (is_script(options->path)) return run_script(invocation, *options);
    run_module(invocation, *options, "joist_run", {}, invocation.terms);
  });
}

}  // namespace joist::cli
