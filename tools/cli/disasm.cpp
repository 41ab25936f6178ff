// joist disasm: the code of a module, as it is after each stage of the loader.
#include <cstdio>
#include <memory>

#include "loader/load.h"
#include "loader/transform.h"
#include "loader/verify.h"
#include "tools/cli/beam_input.h"
#include "tools/cli/command.h"
#include "tools/cli/listing.h"
#include "tools/cli/threaded_listing.h"
#include "tools/cli/vm_setup.h"
#include "vm/os/file.h"
#include "vm/term/print.h"

namespace joist::cli {

namespace {

struct Options {
  std::string path;
  std::string function;
  std::string stage = "generic";
  std::string root;
};

bool is_wanted(const FunctionOption& wanted, std::string_view function, unsigned arity) {
  return wanted.function.empty() || (wanted.function == function && wanted.arity == arity);
}

Result<std::string> list_generic(const Options& options, const FunctionOption& wanted) {
  BeamFile file = JOIST_TRY(load_beam(options.path));
  GenericCode transformed;
  if (options.stage == "transformed") {
    const auto verified = verify(file);
    if (!verified.ok()) {
      return make_error("%s: %s", options.path.c_str(), verified.error().text.c_str());
    }
    transformed = transform(file, file.code);
  }
  const GenericCode& code = options.stage == "transformed" ? transformed : file.code;
  std::string text;
  for (const GenericFunction& function : code.functions) {
    if (!is_wanted(wanted, file.atoms[function.name], function.arity)) continue;
    if (!text.empty()) text += '\n';
    append_generic(file, code, function, text);
  }
  return text;
}

// Loads the module into a bare VM, since threaded code refers to that VM's tables.
Result<std::string> list_threaded(const Options& options, const FunctionOption& wanted,
                                  const Invocation& invocation) {
  const BeamFile file = JOIST_TRY(load_beam(options.path));
  const std::vector<uint8_t> bytes = JOIST_TRY(read_file(options.path));
  const std::unique_ptr<Vm> vm = JOIST_TRY(make_vm(invocation, options.root, {}));
  const auto loaded = load_module(bytes, vm->code(), vm->literals());
  if (!loaded.ok()) {
    return make_error("%s: %s", options.path.c_str(), loaded.error().text.c_str());
  }
  Module& module = *vm->code().find_module(loaded.value());
  vm->code().prepare_all(module);

  ThreadedListing listing(vm->code().handlers(), module);
  for (const ImportEntry& import : file.imports) {
    const Mfa mfa = {must_atom(file.atoms[import.module]), must_atom(file.atoms[import.function]),
                     import.arity};
    listing.name_word(
        vm->code().export_entry(mfa),
        term_text(mfa.module) + ":" + term_text(mfa.function) + "/" + std::to_string(mfa.arity));
  }
  for (size_t i = 0; i < module.funs.size(); ++i) {
    listing.name_word(module.funs[i], "fun " + std::to_string(i));
  }
  std::string text;
  for (const FunctionRange& function : module.functions) {
    if (!is_wanted(wanted, atom_text(function.name), function.arity)) continue;
    if (!text.empty()) text += '\n';
    listing.append(function, text);
  }
  return text;
}

Result<void> disassemble(const Options& options, const Invocation& invocation) {
  FunctionOption wanted{"", 0};
  if (!options.function.empty()) wanted = JOIST_TRY(parse_function_name(options.function));
  const std::string text =
      JOIST_TRY(options.stage == "threaded" ? list_threaded(options, wanted, invocation)
                                            : list_generic(options, wanted));
  if (text.empty() && !options.function.empty()) {
    return make_error("%s: has no function %s", options.path.c_str(), options.function.c_str());
  }
  std::fputs(text.c_str(), stdout);
  return {};
}

}  // namespace

void add_disasm(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("disasm", "Show the code of a module");
  auto options = std::make_shared<Options>();
  command->add_option("FILE.beam", options->path, "the module")->required();
  command->add_option("FUNCTION/ARITY", options->function, "only this function, local or exported");
  command
      ->add_option("--stage", options->stage,
                   "generic: the instructions of the file; transformed: the fewer forms that the "
                   "loader makes of them; threaded: what the interpreter runs")
      ->check(CLI::IsMember({"generic", "transformed", "threaded"}))
      ->capture_default_str();
  add_root_option(*command, options->root);
  command->footer(
      "\nOperands: x0, y0, fr0 registers; L3 label; #42 an integer; `[a,b]` a literal;\n"
      "numbers alone are sizes, arities and the like. Threaded code begins each line with its "
      "cell;\n"
      "@12 is the instruction at cell 12.\n\n"
      "Examples:\n"
      "  joist disasm lists.beam\n"
      "  joist disasm lists.beam append/2\n"
      "  joist disasm lists.beam append/2 --stage transformed");
  command->callback([options, &invocation] {
    const auto result = disassemble(*options, invocation);
    if (!result.ok()) invocation.fail(result.error());
  });
}

}  // namespace joist::cli
