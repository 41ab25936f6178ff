// joist doctor: what this machine offers, and whether Joist can run here.
#include <gmp.h>
#include <pcre2.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdio>
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
  if (cpus.quota != 0) text += ", quota " + std::to_string(cpus.quota);
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

Result<void> check_root(const Invocation& invocation, const std::string& named) {
  const OtpRoot root = JOIST_TRY(invocation.otp_root(named));
  print_line("OTP root", root.path + " (" + root.origin + ")");
  const bool tested = root.release == 25 || root.release == 27 || root.release == 29;
  print_line("OTP release", root.version + (tested ? "" : ": not one that Joist is tested with"));
  return check_applications(root);
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
      "Exits with 1 if something that Joist needs is not there.");
  command->callback([root, &invocation] {
    print_program();
    print_limits();
    print_libraries();
    const auto result = check_root(invocation, *root);
    if (!result.ok()) invocation.fail(result.error());
  });
}

}  // namespace joist::cli
