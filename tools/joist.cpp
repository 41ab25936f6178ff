// joist: the command line. See tools/cli/command.h for how subcommands are made.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/cli/command.h"
#include "tools/erl/erl.h"
#include "tools/erl/programs.h"
#include "vm/base/check.h"
#include "vm/os/address_space.h"
#include "vm/os/code_memory.h"
#include "vm/os/stream.h"
#include "vm/os/thread.h"

namespace joist::cli {
namespace {

// Where the erl facade's own programs are.
std::string program_folder() {
  char* path = realpath("/proc/self/exe", nullptr);
  if (path == nullptr) return {};
  std::string folder = path;
  std::free(path);
  folder.resize(folder.rfind('/'));
  return folder;
}

// What stands behind a command's first operands is for the Erlang program, not for CLI11, which
// would take `[1,2]` apart and options for its own.
struct Operands {
  int for_cli11;
  bool repeated;  // they are for the program too
};

std::optional<Operands> operands_of(const std::string& command) {
  if (command == "exec") return Operands{2, false};
  if (command == "run" || command == "eval") return Operands{1, true};
  if (command == "shell") return Operands{0, false};
  return std::nullopt;
}

// CLI11 knows options of the form --name, erl has -name: the ones that erl's users know are
// accepted in their form.
std::vector<std::string> normalise(int count, char** values, std::vector<std::string>& terms) {
  std::vector<std::string> arguments;
  std::optional<Operands> operands;
  bool is_value = false;
  int i = 1;
  for (; i < count; ++i) {
    std::string argument = values[i];
    if (!is_value && (argument == "-pa" || argument == "-root")) argument.insert(0, "-");
    if (!is_value && argument == "+S") argument = "--schedulers";
    if (!is_value && argument == "+P") argument = "--processes";
    const bool is_option = is_value || argument.starts_with("-");
    is_value = !is_value && (argument == "--pa" || argument == "--root" ||
                             argument == "--schedulers" || argument == "--processes");
    if (operands && (!is_option || argument == "--")) break;
    if (arguments.empty()) operands = operands_of(argument);
    arguments.push_back(std::move(argument));
  }
  if (i == count) return arguments;
  if (std::string_view(values[i]) == "--") ++i;
  arguments.push_back("--");
  for (int operand = 0; i < count; ++i, ++operand) {
    const bool first = operand < operands->for_cli11;
    if (first) arguments.push_back(values[i]);
    if (!first || operands->repeated) terms.push_back(values[i]);
  }
  return arguments;
}

int run(int count, char** values) {
  Invocation invocation;
  invocation.program_folder = program_folder();
  CLI::App app("Joist runs compiled Erlang (.beam files) with the unmodified OTP libraries.");
  app.name("joist");
  app.set_version_flag("--version", "Joist " JOIST_VERSION);
  app.require_subcommand(1);
  add_run(app, invocation);
  add_eval(app, invocation);
  add_shell(app, invocation);
  add_test(app, invocation);
  add_exec(app, invocation);
  add_inspect(app, invocation);
  add_disasm(app, invocation);
  add_natives(app, invocation);
  add_doctor(app, invocation);
  app.footer(
      "\n`joist COMMAND --help` explains a command, with examples.\n\n"
      "Functions that run for long get machine code of their own on x86-64. With JOIST_SPLICE=0 "
      "in\n"
      "the environment they do not; with JOIST_SPLICE=all every module does when it is loaded.");

  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("joist: ") + error.what() + "; see --help\n";
  });

  std::vector<std::string> arguments = normalise(count, values, invocation.terms);
  if (arguments.empty()) {
    std::fputs(app.help().c_str(), stderr);
    return 2;
  }
  const std::string& name = arguments.front();
  const auto commands =
      app.get_subcommands([&](CLI::App* each) { return each->get_name() == name; });
  if (!name.starts_with("-") && commands.empty()) {
    std::fprintf(stderr, "joist: there is no command %s; joist --help lists them\n", name.c_str());
    return 2;
  }
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants a vector
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (std::fflush(stdout) != 0 && invocation.exit_code == 0) return 1;
  return invocation.exit_code;
}

}  // namespace
}  // namespace joist::cli

namespace {

// There are no exceptions to report it by.
void end_without_memory() { joist::fatal("out of memory"); }

int run_program(int count, char** values) {
  const std::string_view path = count > 0 ? values[0] : "";
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (joist::erl::is_program(name)) {
    const auto words =
        joist::erl::words_of_program(name, std::vector<std::string>(values + 1, values + count));
    if (words.ok()) return joist::erl::run_erl(words.value(), joist::cli::program_folder());
    std::fprintf(stderr, "%s\n", words.error().text.c_str());
    return 1;
  }
  const bool is_erl = name == "erl";
  const bool is_command = count > 1 && std::string_view(values[1]) == "erl";
  if (!is_erl && !is_command) return joist::cli::run(count, values);
  const std::vector<std::string> words(values + (is_erl ? 1 : 2), values + count);
  return joist::erl::run_erl(words, joist::cli::program_folder());
}

}  // namespace

int main(int count, char** values) {
  joist::open_standard_streams();
  std::set_new_handler(end_without_memory);
  joist::spare_address_space();
  joist::CodeMemory::prepare();  // for nothing, as long as this is the only thread
  return joist::run_beside_main_thread("scheduler1", run_program, count, values);
}
