#include "tools/cli/command.h"

#include <cstdio>

namespace joist::cli {

namespace {

// Names that users give may hold anything; a message is one line.
std::string in_one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(c));
      line += escape;
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace

void Invocation::fail(const Error& error) {
  std::fflush(stdout);
  std::fprintf(stderr, "joist: %s\n", in_one_line(error.text).c_str());
  exit_code = 1;
}

Result<OtpRoot> Invocation::otp_root(const std::string& named) const {
  OtpRootSearch search;
  search.named = named;
  search.program_folder = program_folder;
  search.environment = &environment;
  return find_otp_root(search);
}

void add_root_option(CLI::App& command, std::string& root) {
  command
      .add_option("--root", root,
                  "the OTP root to use, e.g. /usr/lib/erlang (also -root; default: found, see "
                  "joist doctor)")
      ->type_name("DIR");
}

Result<FunctionOption> parse_function_name(const std::string& text) {
  const size_t slash = text.rfind('/');
  const std::string arity = slash == std::string::npos ? "" : text.substr(slash + 1);
  if (slash == 0 || arity.empty() || arity.size() > 3 ||
      arity.find_first_not_of("0123456789") != std::string::npos) {
    return make_error("%s: not of the form FUNCTION/ARITY", text.c_str());
  }
  return FunctionOption{text.substr(0, slash), static_cast<unsigned>(std::stoul(arity))};
}

}  // namespace joist::cli
