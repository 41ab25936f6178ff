// joist disasm: the code of a module, as it is after each stage of the loader.
#include <cstdio>
#include <memory>

#include "loader/transform.h"
#include "loader/verify.h"
#include "tools/cli/beam_input.h"
#include "tools/cli/command.h"
#include "tools/cli/listing.h"

namespace joist::cli {

namespace {

struct Options {
  std::string path;
  std::string function;
  std::string stage = "generic";
};

Result<void> disassemble(const Options& options) {
  BeamFile file = JOIST_TRY(load_beam(options.path));
  FunctionOption wanted{"", 0};
  if (!options.function.empty()) wanted = JOIST_TRY(parse_function_name(options.function));

  GenericCode transformed;
  if (options.stage != "generic") {
    const auto verified = verify(file);
    if (!verified.ok()) {
      return make_error("%s: %s", options.path.c_str(), verified.error().text.c_str());
    }
    transformed = transform(file);
  }
  const GenericCode& code = options.stage == "generic" ? file.code : transformed;

  bool found = false;
  std::string text;
  for (const GenericFunction& function : code.functions) {
    if (!options.function.empty() &&
        (file.atoms[function.name] != wanted.function || function.arity != wanted.arity)) {
      continue;
    }
    if (found) text += '\n';
    found = true;
    append_generic(file, code, function, text);
  }
  if (!found && !options.function.empty()) {
    return make_error("%s: has no function %s", options.path.c_str(), options.function.c_str());
  }
  std::fputs(text.c_str(), stdout);
  return {};
}

}  // namespace

void add_disasm(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("disasm", "Show the code of a module");
  auto options = std::make_shared<Options>();
  command->add_option("file", options->path, "a .beam file")->type_name("FILE.beam")->required();
  command->add_option("function", options->function, "only this function, local or exported")
      ->type_name("FUNCTION/ARITY");
  command
      ->add_option("--stage", options->stage,
                   "generic: the instructions of the file; transformed: the fewer forms that the "
                   "loader makes of them")
      ->check(CLI::IsMember({"generic", "transformed"}))
      ->capture_default_str();
  command->footer(
      "\nOperands: x0, y0, fr0 registers; L3 label; #42 an integer; `[a,b]` a literal;\n"
      "numbers alone are sizes, arities and the like.\n\n"
      "Examples:\n"
      "  joist disasm lists.beam\n"
      "  joist disasm lists.beam append/2\n"
      "  joist disasm lists.beam append/2 --stage transformed");
  command->callback([options, &invocation] {
    const auto result = disassemble(*options);
    if (!result.ok()) invocation.fail(result.error());
  });
}

}  // namespace joist::cli
