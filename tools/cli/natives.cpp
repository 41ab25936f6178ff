// joist natives: the natives Joist has, or those an OTP release has and Joist has not.
#include <cstdio>
#include <memory>

#include "bif/registry.h"
#include "tools/cli/command.h"
#include "tools/cli/facts.h"

namespace joist::cli {

namespace {

struct Options {
  bool missing = false;
  int release = 0;
  std::string facts;
};

void print_registered() {
  size_t count = 0;
  for (std::span<const NativeEntry> table : native_tables()) {
    for (const NativeEntry& entry : table) {
      std::printf("%s:%s/%u\n", entry.module, entry.function,
                  static_cast<unsigned>(entry.native.arity));
      ++count;
    }
  }
  std::printf("%zu natives\n", count);
}

Result<void> print_missing(const Options& options) {
  const std::vector<NativeFact> facts = JOIST_TRY(load_native_facts(options.facts));
  size_t wanted = 0;
  size_t missing = 0;
  for (const NativeFact& fact : facts) {
    if (options.release != 0 && !fact.in(options.release)) continue;
    ++wanted;
    if (find_native(fact.module, fact.function, fact.arity) != nullptr) continue;
    ++missing;
    std::printf("%s:%s/%u\n", fact.module.c_str(), fact.function.c_str(), fact.arity);
  }
  std::printf("%zu of %zu natives missing\n", missing, wanted);
  return {};
}

}  // namespace

void add_natives(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("natives", "List the natives that Joist has or lacks");
  auto options = std::make_shared<Options>();
  command->add_flag("--missing", options->missing,
                    "those that an OTP release has and Joist lacks, instead of those it has");
  command->add_option("--release", options->release, "for this OTP release only")
      ->check(CLI::IsMember({25, 27, 29}))
      ->needs("--missing");
  command
      ->add_option("--facts", options->facts,
                   "folder of bifs.tsv and natives.tsv (default: the copy compiled in)")
      ->type_name("DIR")
      ->needs("--missing");
  command->footer(
      "\nA native is a function of an Erlang module that is written in C++.\n\n"
      "Examples:\n"
      "  joist natives                          all that Joist has\n"
      "  joist natives --missing --release 27   what OTP 27 has beyond that");
  command->callback([options, &invocation] {
    if (!options->missing) return print_registered();
    const auto result = print_missing(*options);
    if (!result.ok()) invocation.fail(result.error());
  });
}

}  // namespace joist::cli
