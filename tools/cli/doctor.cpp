// joist doctor: what this machine offers, and whether Joist can run here.
#include <fcntl.h>
#include <gmp.h>
#include <pcre2.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "tools/cli/command.h"
#include "vm/base/config.h"
#include "vm/os/file.h"
#include "vm/os/thread.h"

namespace joist::cli {

namespace {

void print_line(const char* name, const std::string& value) {
  std::printf("%-12s %s\n", name, value.c_str());
}

void print_program() {
  std::string build = "Joist " JOIST_VERSION ", clang " __clang_version__;
  if (kAssertions) build += ", assertions";
  if (kStress) build += ", stress";
  print_line("program", build);
  utsname system;
  if (uname(&system) == 0) {
    print_line("system",
               std::string(system.sysname) + " " + system.release + ", " + system.machine);
  }
}

void print_limits() {
  const CpuCount cpus = cpu_count();
  std::string text = std::to_string(cpus.available) + " of " + std::to_string(cpus.online);
  if (const int quota = cpu_quota(); quota != 0) text += ", quota " + std::to_string(quota);
  print_line("processors", text);

  const size_t pages = static_cast<size_t>(sysconf(_SC_PHYS_PAGES));
  const size_t page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  text = std::to_string((pages >> 10) * page_bytes >> 10) + " MiB";
  rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    text += ", address space limited to " + std::to_string(limit.rlim_cur >> 20) + " MiB";
  }
  print_line("memory", text);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    print_line("open files", "at most " + std::to_string(limit.rlim_cur));
  }
}

void print_libraries() {
  char pcre[64] = "";
  pcre2_config_8(PCRE2_CONFIG_VERSION, pcre);
  std::string text = std::string("zlib ") + zlibVersion() + ", GMP " + gmp_version;
  text += ", zstd " + std::string(ZSTD_versionString()) + ", PCRE2 " + pcre;
  uint32_t jit = 0;
  pcre2_config_8(PCRE2_CONFIG_JIT, &jit);
  text += jit != 0 ? " with JIT" : " without JIT";
  print_line("libraries", text);
}

// The applications every OTP boot needs; their folders carry a version.
Result<void> check_applications(const OtpRoot& root) {
  const std::vector<std::string> names = JOIST_TRY(list_directory(root.path + "/lib"));
  std::string found;
  for (const char* application : {"kernel", "stdlib", "compiler"}) {
    const std::string prefix = std::string(application) + "-";
    const std::string* match = nullptr;
    for (const std::string& name : names) {
      if (name.starts_with(prefix)) match = &name;
    }
    if (match == nullptr) {
      return make_error("%s/lib has no %s: install the whole of OTP", root.path.c_str(),
                        application);
    }
    found += (found.empty() ? "" : ", ") + *match;
  }
  print_line("OTP has", found);
  return {};
}

void print_erts_programs(const OtpRoot& root, const Environment& environment) {
  const std::string folder = find_erts_programs(root, environment);
  const bool own = folder.starts_with(root.path + "/");
  print_line(
      "OTP programs",
      own ? "of the root" : folder + ": the root's inet_gethost does not run on this system");
}

Result<void> check_root(const Invocation& invocation, const std::string& named) {
  const OtpRoot root = JOIST_TRY(invocation.otp_root(named));
  print_line("OTP root", root.path + " (" + root.origin + ")");
  const bool tested = root.release == 25 || root.release == 27 || root.release == 29;
  print_line("OTP release", root.version + (tested ? "" : ": not one that Joist is tested with"));
  print_erts_programs(root, invocation.environment);
  return check_applications(root);
}

// What comes with the program and is looked for beside it.
Result<void> check_companions(const Invocation& invocation) {
  const std::string forker = invocation.program_folder + "/joist-forker";
  if (access(forker.c_str(), X_OK) != 0) {
    return make_error(
        "%s: not there: without it ports cannot start programs; build the target "
        "joist",
        forker.c_str());
  }
  const std::string modules = invocation.program_folder + "/../lib/joist/ebin";
  if (file_kind(modules + "/joist.app") != FileKind::kRegular) {
    return make_error("%s: not there: run, eval and test need it; build the target joist",
                      modules.c_str());
  }
  print_line("companions", "joist-forker, lib/joist");
  return {};
}

// Not needed, but good to know of.
void print_programs(const Invocation& invocation) {
  std::string found, missing;
  for (const char* name : {"epmd", "elixir", "mix", "rebar3"}) {
    bool there = false;
    const std::string path = invocation.environment.get("PATH").value_or("");
    for (size_t begin = 0; begin <= path.size() && !there;) {
      const size_t end = std::min(path.find(':', begin), path.size());
      const std::string file = path.substr(begin, end - begin) + "/" + name;
      there = end > begin && access(file.c_str(), X_OK) == 0;
      begin = end + 1;
    }
    std::string& list = there ? found : missing;
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  if (missing.empty()) return print_line("on PATH", found);
  print_line("on PATH", (found.empty() ? "" : found + "; ") + "not there: " + missing);
}

void print_terminal(const Invocation& invocation) {
  std::string text = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 ? "yes" : "no";
  text += ", TERM " + invocation.environment.get("TERM").value_or("not set");
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto value = invocation.environment.get(name);
    if (!value || value->empty()) continue;
    text += std::string(", ") + name + " " + *value;
    break;
  }
  print_line("terminal", text);
}

// A first program on the whole of OTP, in an OS process of its own.
Result<void> check_boot(const Invocation& invocation, const std::string& root) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string program = invocation.program_folder + "/joist";
  const pid_t child = fork();
  if (child == 0) {
    if (!root.empty()) setenv("ROOTDIR", root.c_str(), 1);
    const int null = open("/dev/null", O_RDWR);
    for (const int standard : {0, 1, 2}) dup2(null, standard);
    execl(program.c_str(), "joist", "erl", "-noshell", "-boot", "no_dot_erlang", "-eval",
          "halt(length(application:which_applications()) + 40).", nullptr);
    _exit(1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return make_error("no child process");
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  // kernel and stdlib run.
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 42) {
    return make_error("OTP does not boot: `%s erl -noshell` shows why", program.c_str());
  }
  char text[64];
  std::snprintf(text, sizeof text, "kernel and stdlib run after %.2f s", seconds.count());
  print_line("boot", text);
  return {};
}

Result<void> check_all(const Invocation& invocation, const std::string& root) {
  JOIST_TRY(check_root(invocation, root));
  JOIST_TRY(check_companions(invocation));
  return check_boot(invocation, root);
}

}  // namespace

void add_doctor(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("doctor", "Tell what was found on this machine");
  auto root = std::make_shared<std::string>();
  add_root_option(*command, *root);
  command->footer(
      "\nThe OTP root holds OTP's compiled libraries, which Joist runs as they are. It is the\n"
      "first of: -root; ROOTDIR or JOIST_OTP_ROOT; the tree staged beside the program; the root\n"
      "of the erl on PATH; /usr/lib/erlang; /usr/local/lib/erlang.\n\n"
      "A first program is run on OTP. Exits with 1 if something that Joist needs is not there.\n\n"
      "Examples:\n"
      "  joist doctor\n"
      "  joist doctor -root /opt/otp-27/lib/erlang");
  command->callback([root, &invocation] {
    print_program();
    print_limits();
    print_libraries();
    print_terminal(invocation);
    print_programs(invocation);
    const auto result = check_all(invocation, *root);
    if (!result.ok()) invocation.fail(result.error());
  });
}

}  // namespace joist::cli
