#include "vm/engine/otp_root.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "vm/os/file.h"

namespace joist {

namespace {

// Where packages put OTP; what is there was made for this system.
constexpr const char* kUsualPlaces[] = {"/usr/lib/erlang", "/usr/local/lib/erlang"};

constexpr const char* kAdvice =
    "install Debian's erlang-base, or name a root with -root DIR or JOIST_OTP_ROOT";

// The number that `text` is, or 0.
int release_number(std::string_view text) {
  if (text.empty() || text.size() > 4) return 0;
  int number = 0;
  for (char digit : text) {
    if (digit < '0' || digit > '9') return 0;
    number = number * 10 + (digit - '0');
  }
  return number;
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

Result<std::string> read_text(const std::string& path) {
  const std::vector<uint8_t> bytes = JOIST_TRY(read_file(path));
  return std::string(bytes.begin(), bytes.end());
}

// releases/start_erl.data ("<erts version> <release>") names the release in use; without it, the
// newest folder of releases/ that has an OTP_VERSION.
Result<int> current_release(const std::string& releases) {
  const auto start_data = read_text(releases + "/start_erl.data");
  if (start_data.ok()) {
    const std::string_view line = trim(start_data.value());
    const int release = release_number(line.substr(line.find_last_of(' ') + 1));
    if (release != 0) return release;
  }
  int newest = 0;
  for (const std::string& name : JOIST_TRY(list_directory(releases))) {
    const int release = release_number(name);
    const std::string version_file = releases + "/" + name + "/OTP_VERSION";
    if (release > newest && file_kind(version_file) == FileKind::kRegular) newest = release;
  }
  if (newest == 0) return make_error("%s: no release with an OTP_VERSION", releases.c_str());
  return newest;
}

Result<std::string> find_erts(const std::string& root) {
  for (const std::string& name : JOIST_TRY(list_directory(root + "/lib"))) {
    const std::string erts = root + "/lib/" + name;
    if (name.starts_with("erts-") && file_kind(erts + "/ebin/erlang.beam") == FileKind::kRegular) {
      return erts;
    }
  }
  return make_error("%s/lib: no erts-*/ebin/erlang.beam", root.c_str());
}

// The root that an `erl` in `folder` belongs to (<root>/bin/erl, usually behind a link), or
// nothing if there is none, e.g. because it is Joist's own.
Result<OtpRoot> root_of_erl(const std::string& folder) {
  const std::string erl = folder + "/erl";
  // realpath asks of each part of the path, and few folders have one.
  char* resolved = access(erl.c_str(), F_OK) == 0 ? realpath(erl.c_str(), nullptr) : nullptr;
  if (resolved == nullptr) return make_error("%s: no erl", folder.c_str());
  std::string path = resolved;
  std::free(resolved);
  for (int level = 0; level < 2 && !path.empty(); ++level) path.resize(path.rfind('/'));
  return open_otp_root(path);
}

Result<OtpRoot> root_of_path(const std::string& search_path) {
  size_t begin = 0;
  while (begin <= search_path.size()) {
    size_t end = search_path.find(':', begin);
    if (end == std::string::npos) end = search_path.size();
    if (end > begin) {
      auto root = root_of_erl(search_path.substr(begin, end - begin));
      if (root.ok()) return root;
    }
    begin = end + 1;
  }
  return make_error("no erl on PATH");
}

Result<OtpRoot> ordered_root(const std::string& path, const std::string& origin) {
  auto root = open_otp_root(path);
  if (!root.ok()) {
    return make_error("%s (from %s) is no OTP root: %s", path.c_str(), origin.c_str(),
                      root.error().text.c_str());
  }
  root.value().origin = origin;
  return root;
}

std::string own_programs(const OtpRoot& root) {
  return root.path + "/" + root.erts.substr(root.erts.rfind('/') + 1) + "/bin";
}

// inet_gethost ends well at the end of its standard input.
bool programs_run_here(const std::string& folder) {
  const std::string program = folder + "/inet_gethost";
  if (access(program.c_str(), X_OK) != 0) return false;
  posix_spawn_file_actions_t streams;
  posix_spawn_file_actions_init(&streams);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&streams, standard, "/dev/null", O_RDWR, 0);
  }
  char* const arguments[] = {const_cast<char*>(program.c_str()), nullptr};
  pid_t child = 0;
  const int failed = posix_spawn(&child, program.c_str(), &streams, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&streams);
  int status = 0;
  return failed == 0 && waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

std::string find_erts_programs(const OtpRoot& root, const Environment& environment) {
  const std::string own = own_programs(root);
  for (const char* usual : kUsualPlaces) {
    if (root.path == usual) return own;
  }
  if (programs_run_here(own)) return own;
  const Result<OtpRoot> others[] = {root_of_path(environment.get("PATH").value_or("")),
                                    open_otp_root(kUsualPlaces[0]), open_otp_root(kUsualPlaces[1])};
  for (const Result<OtpRoot>& other : others) {
    if (!other.ok()) continue;
    if (const std::string programs = own_programs(other.value()); programs_run_here(programs)) {
      return programs;
    }
  }
  return own;
}

Result<OtpRoot> open_otp_root(const std::string& path) {
  OtpRoot root;
  root.path = path;
  while (root.path.size() > 1 && root.path.back() == '/') root.path.pop_back();
  const std::string releases = root.path + "/releases";
  root.release = JOIST_TRY(current_release(releases));
  const auto version = read_text(releases + "/" + std::to_string(root.release) + "/OTP_VERSION");
  root.version = version.ok() ? std::string(trim(version.value())) : std::to_string(root.release);
  root.erts = JOIST_TRY(find_erts(root.path));
  return root;
}

Result<OtpRoot> find_otp_root(const OtpRootSearch& search) {
  if (!search.named.empty()) return ordered_root(search.named, "-root");
  for (const char* name : {"ROOTDIR", "JOIST_OTP_ROOT"}) {
    const auto value = search.environment->get(name);
    if (value.has_value() && !value->empty()) return ordered_root(*value, name);
  }

  std::vector<std::pair<std::string, const char*>> usual;
  if (!search.program_folder.empty()) {
    usual.emplace_back(search.program_folder + "/../otp", "the staged tree");
  }
  usual.emplace_back("", "erl on PATH");
  for (const char* place : kUsualPlaces) usual.emplace_back(place, "the usual place");
  for (const auto& [path, origin] : usual) {
    auto root = path.empty() ? root_of_path(search.environment->get("PATH").value_or(""))
                             : open_otp_root(path);
    if (root.ok()) {
      root.value().origin = origin;
      return root;
    }
  }
  return make_error("no OTP libraries found: %s", kAdvice);
}

}  // namespace joist
