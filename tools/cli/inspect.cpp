// joist inspect: what is in a .beam file, and what it needs that Joist lacks.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <system_error>

#include "bif/registry.h"
#include "loader/verify.h"
#include "tools/cli/beam_input.h"
#include "tools/cli/command.h"
#include "tools/cli/facts.h"
#include "vm/os/file.h"

namespace joist::cli {

namespace {

struct Options {
  std::string path;
  bool verify = false;
};

// Natives of any OTP release that Joist does not have, as "module:function/arity".
using LackingNatives = std::set<std::string>;

std::string function_text(std::string_view module, std::string_view function, unsigned arity) {
  return std::string(module) + ":" + std::string(function) + "/" + std::to_string(arity);
}

Result<LackingNatives> lacking_natives() {
  LackingNatives lacking;
  const std::vector<NativeFact> facts = JOIST_TRY(load_native_facts(""));
  for (const NativeFact& fact : facts) {
    if (find_native(fact.module, fact.function, fact.arity) == nullptr) {
      lacking.insert(function_text(fact.module, fact.function, fact.arity));
    }
  }
  return lacking;
}

// Those natives that `file` calls, or whose bodies it is to get when it is loaded.
std::vector<std::string> lacking_for(const BeamFile& file, const LackingNatives& lacking) {
  std::set<std::string> found;
  for (const ImportEntry& import : file.imports) {
    std::string name =
        function_text(file.atoms[import.module], file.atoms[import.function], import.arity);
    if (lacking.contains(name)) found.insert(std::move(name));
  }
  for (const GenericFunction& function : file.code.functions) {
    std::string name = function_text(file.module_name(), file.atoms[function.name], function.arity);
    if (lacking.contains(name)) found.insert(std::move(name));
  }
  return {found.begin(), found.end()};
}

// The first supported release whose runtime system has all of the file's instructions.
int needed_release(const BeamFile& file) {
  int release = 0;
  for (const GenericInstruction& instruction : file.code.instructions) {
    release = std::max(release, static_cast<int>(generic_op_info(instruction.op).since));
  }
  return release;
}

void print_chunks(const BeamFile& file) {
  std::printf("chunks   ");
  for (const Chunk& chunk : file.chunks) {
    std::printf(" %c%c%c%c:%zu", chunk.id >> 24 & 0xff, chunk.id >> 16 & 0xff, chunk.id >> 8 & 0xff,
                chunk.id & 0xff, chunk.data.size());
  }
  std::printf("\n");
}

void print_header(const std::string& path, const BeamFile& file) {
  std::printf("module    %.*s\n", static_cast<int>(file.module_name().size()),
              file.module_name().data());
  std::printf("file      %s\n", path.c_str());
  std::printf("md5       ");
  for (uint8_t byte : file.md5) std::printf("%02x", byte);
  std::printf("\ncode      %zu functions, %zu instructions, %zu literals, %zu atoms\n",
              file.code.functions.size(), file.code.instructions.size(), file.literals.size(),
              file.atoms.empty() ? 0 : file.atoms.size() - 1);
  const int release = needed_release(file);
  if (release > kOldestRelease) std::printf("needs     OTP %d\n", release);
  print_chunks(file);
}

void print_names(const char* title, const std::vector<std::string>& names) {
  std::printf("%s (%zu)\n", title, names.size());
  for (const std::string& name : names) std::printf("  %s\n", name.c_str());
}

void print_interface(const BeamFile& file) {
  std::vector<std::string> names;
  for (const FunctionEntry& entry : file.exports) {
    names.push_back(std::string(file.atoms[entry.function]) + "/" + std::to_string(entry.arity));
  }
  std::sort(names.begin(), names.end());
  print_names("exports", names);
  names.clear();
  for (const ImportEntry& import : file.imports) {
    names.push_back(
        function_text(file.atoms[import.module], file.atoms[import.function], import.arity));
  }
  std::sort(names.begin(), names.end());
  print_names("imports", names);
}

Result<BeamFile> load(const std::string& path, const Options& options) {
  BeamFile file = JOIST_TRY(load_beam(path));
  if (options.verify) {
    const auto verified = verify(file);
    if (!verified.ok()) return make_error("%s: %s", path.c_str(), verified.error().text.c_str());
  }
  return file;
}

Result<void> inspect_file(const Options& options) {
  const LackingNatives lacking = JOIST_TRY(lacking_natives());
  const BeamFile file = JOIST_TRY(load(options.path, options));
  print_header(options.path, file);
  if (options.verify) std::printf("verified  yes\n");
  print_interface(file);
  print_names("natives that Joist lacks", lacking_for(file, lacking));
  return {};
}

Result<std::vector<std::string>> beam_files_below(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  std::error_code failure;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::follow_directory_symlink,
                                           failure);
  while (!failure && entries != fs::recursive_directory_iterator()) {
    if (entries->path().extension() == ".beam") paths.push_back(entries->path().string());
    entries.increment(failure);
  }
  if (failure) return make_error("%s: %s", folder.c_str(), failure.message().c_str());
  if (paths.empty()) return make_error("%s: no .beam files below it", folder.c_str());
  std::sort(paths.begin(), paths.end());
  return paths;
}

Result<void> inspect_folder(const Options& options) {
  const LackingNatives lacking = JOIST_TRY(lacking_natives());
  const std::vector<std::string> paths = JOIST_TRY(beam_files_below(options.path));
  std::map<std::string, size_t> users;  // of each lacking native
  size_t refused = 0;
  size_t instructions = 0;
  for (const std::string& path : paths) {
    const auto file = load(path, options);
    if (!file.ok()) {
      std::printf("refused   %s\n", file.error().text.c_str());
      ++refused;
      continue;
    }
    instructions += file.value().code.instructions.size();
    for (const std::string& name : lacking_for(file.value(), lacking)) ++users[name];
  }
  for (const auto& [name, count] : users) {
    std::printf("lacking   %s, needed by %zu\n", name.c_str(), count);
  }
  std::printf("%zu files, %zu instructions: %zu files refused, %zu natives lacking\n", paths.size(),
              instructions, refused, users.size());
  if (refused != 0) return make_error("%zu of %zu files refused", refused, paths.size());
  return {};
}

}  // namespace

void add_inspect(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("inspect", "Show what is in a .beam file and what it needs");
  auto options = std::make_shared<Options>();
  command
      ->add_option("FILE.beam|DIR", options->path, "a .beam file, or a folder of them")

      ->required();
  command->add_flag("--verify", options->verify, "check the code too, as the loader does");
  command->footer(
      "\nFor a file: its chunks, exports and imports, and the natives among them that Joist does\n"
      "not have. For a folder: the files that are refused, the natives lacking, and a summary.\n"
      "Exits with 1 if a file cannot be read, is broken, or is refused by --verify.\n\n"
      "Examples:\n"
      "  joist inspect lists.beam\n"
      "  joist inspect --verify /usr/lib/erlang/lib");
  command->callback([options, &invocation] {
    const bool folder = file_kind(options->path) == FileKind::kDirectory;
    const auto result = folder ? inspect_folder(*options) : inspect_file(*options);
    if (!result.ok()) invocation.fail(result.error());
  });
}

}  // namespace joist::cli
