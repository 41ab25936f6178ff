#include "tools/erl/erl.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "bif/registry.h"
#include "tools/cli/facts.h"
#include "tools/erl/command_line.h"
#include "tools/erl/emulator_flags.h"
#include "vm/base/config.h"
#include "vm/engine/otp_root.h"
#include "vm/engine/vm.h"

namespace joist::erl {

namespace {

// The folders of a search path that come behind two others, which may be among them already: where
// this erl was found by it, or is started by another one.
std::string search_path(const std::string& first, const std::string& second,
                        std::string_view others) {
  std::string path = first + ":" + second;
  while (!others.empty()) {
    const size_t end = std::min(others.find(':'), others.size());
    const std::string_view folder = others.substr(0, end);
    if (folder != first && folder != second) path.append(":").append(folder);
    others.remove_prefix(std::min(end + 1, others.size()));
  }
  return path;
}

// Programs that OTP starts are found: Joist's own first, then those of the root.
void set_variables(const Installation& installation, const std::string& programs,
                   const CommandLine& line) {
  for (const auto& [name, value] : line.variables) setenv(name.c_str(), value.c_str(), 1);
  setenv("ROOTDIR", installation.root.c_str(), 1);
  setenv("BINDIR", installation.bindir.c_str(), 1);
  setenv("EMU", "beam", 1);
  setenv("PROGNAME", installation.progname.c_str(), 1);
  const char* path = getenv("PATH");
  const std::string_view others = path == nullptr ? "" : path;
  setenv("PATH", search_path(programs, installation.bindir, others).c_str(), 1);
}

// Where OTP's pages may be besides. Returns only where there is no man.
int show_manual(std::vector<std::string> words) {
  setenv("MANSECT", "3erl:1:5:7", 1);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp("man", arguments.data());
  std::fputs("erlexec: Could not execute the 'man' command.\n", stderr);
  return 1;
}

// The daemon that knows which port each node of this host has: OTP's own, which ends at once when
// there is one already.
void start_epmd(const Installation& installation, const std::string& command) {
  std::string used = command;
  if (used.empty()) {
    const std::string own = installation.bindir + "/epmd";
    used = access(own.c_str(), X_OK) == 0 ? "\"" + own + "\" -daemon" : "epmd -daemon";
  }
  if (system(used.c_str()) == -1) std::fprintf(stderr, "Error spawning %s\n", used.c_str());
}

// The terminal's program goes on; this one has no terminal. False: this is not the one to go on.
bool detach() {
  if (fork() != 0) return false;
  setsid();
  if (fork() != 0) return false;
  const int null = open("/dev/null", O_RDWR);
  if (null >= 0) {
    for (const int standard : {0, 1, 2}) dup2(null, standard);
    if (null > 2) close(null);
  }
  return true;
}

// Whether the environment says that text is in UTF-8.
bool locale_is_utf8(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto value = environment.get(name);
    if (!value || value->empty()) continue;
    return value->find("UTF-8") != std::string::npos || value->find("utf8") != std::string::npos ||
           value->find("UTF8") != std::string::npos || value->find("utf-8") != std::string::npos;
  }
  return false;
}

Result<VmOptions> vm_options(const OtpRoot& otp, const Environment& environment) {
  VmOptions options;
  options.boots_otp = true;
  options.otp_release = otp.release;
  options.erts_version = otp.erts.substr(otp.erts.rfind('-') + 1);
  options.preloaded_folder = otp.erts + "/ebin";
  options.schedulers = static_cast<size_t>(std::max(1, cpu_count().available));
  options.utf8_file_names = locale_is_utf8(environment);
  options.gc_stress = kStress || (kAssertions && environment.get("JOIST_GC_STRESS") == "1");
  for (const cli::NativeFact& fact : JOIST_TRY(cli::load_native_facts(""))) {
    if (fact.nif || !fact.in(otp.release)) continue;
    if (find_native(fact.module, fact.function, fact.arity) == nullptr) {
      options.missing_natives.push_back({fact.module, fact.function, fact.arity});
    }
  }
  return options;
}

void print_help() {
  std::printf(
      "erl: Erlang/OTP on Joist. Takes what OTP's own erl takes:\n\n"
      "  erl [-FLAG [VALUE ...]] ... [+FLAG [VALUE]] ... [ARGUMENT ...]\n\n"
      "Flags with - are OTP's (-noshell, -eval EXPR, -s MODULE, -pa DIR, -boot FILE, -sname NAME,\n"
      "...): see erl(1). Flags with + are the emulator's:\n\n%s",
      emulator_flags_help().c_str());
}

Result<int> run(const std::vector<std::string>& words, const std::string& program_folder) {
  const Environment environment;
  const OtpRoot otp = JOIST_TRY(find_otp_root({"", program_folder, &environment}));
  const Installation installation = {otp.path, find_erts_programs(otp, environment),
                                     environment.get("PROGNAME").value_or("erl"), otp.release};
  const Result<CommandLine> line = read_command_line(words, installation, environment);
  if (!line) {
    std::fputs(line.error().text.c_str(), stderr);
    return 1;
  }
  if (!line.value().manual.empty()) return show_manual(line.value().manual);
  if (line.value().shows_name) {
    std::puts("beam.smp");
    return 0;
  }
  VmOptions options = JOIST_TRY(vm_options(otp, environment));
  read_emulator_variables(environment, line.value(), options);
  const Result<EmulatorFlags> flags =
      read_emulator_flags(installation.bindir + "/beam.smp", line.value().emulator, options);
  if (!flags) {
    std::fprintf(stderr, "%s\r\n%s", flags.error().text.c_str(),
                 "Usage: `joist erl --help` explains the flags.\r\n");
    return 1;
  }
  if (flags.value().shows_version) {
    std::fprintf(stderr, "Erlang (SMP,ASYNC_THREADS) (BEAM) emulator version %s\r\n",
                 options.erts_version.c_str());
    return 0;
  }
  if (line.value().shows_arguments) {
    for (const std::string& word : line.value().emulator) std::printf("%s\n", word.c_str());
    std::puts("--");
    for (const std::string& word : line.value().init) std::printf("%s\n", word.c_str());
    return 0;
  }
  set_variables(installation, program_folder, line.value());
  if (line.value().starts_epmd) start_epmd(installation, line.value().epmd);
  if (line.value().detached && !detach()) return 0;
  std::unique_ptr<Vm> vm = JOIST_TRY(Vm::create(std::move(options)));
  return vm->run_otp(flags.value().init, line.value().init);
}

}  // namespace

int run_erl(const std::vector<std::string>& words, const std::string& program_folder) {
  if (words.size() == 1 && words[0] == "--help") {
    print_help();
    return 0;
  }
  const Result<int> status = run(words, program_folder);
  if (status.ok()) return status.value();
  std::fprintf(stderr, "erl: %s\n", status.error().text.c_str());
  return 1;
}

}  // namespace joist::erl
