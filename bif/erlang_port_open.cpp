// erts_internal:open_port/2: reads the name and the settings, and starts the driver
// (https://www.erlang.org/doc/man/erlang#open_port-2). Errors are atoms, as for its kin in
// bif/erlang_port.cpp.
#include <algorithm>
#include <map>

#include "bif/integer_argument.h"
#include "bif/native_name.h"
#include "bif/registry.h"
#include "vm/driver/interface.h"
#include "vm/io/drivers.h"
#include "vm/io/ports.h"
#include "vm/os/environment.h"
#include "vm/os/posix_error.h"
#include "vm/sched/signal_handler.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

// A file name, argument, or command: characters, a binary of bytes up to a zero, or an atom.
std::optional<std::string> os_text(Process& p, Term text, bool may_be_empty) {
  std::optional<std::string> result;
  if (text.is_atom()) {
    result = std::string(atom_text(text));
  } else if (is_binary(text)) {
    ByteScratch scratch;
    const ByteSpan bytes = binary_bytes(text, scratch);
    result = std::string(bytes.begin(), std::find(bytes.begin(), bytes.end(), 0));
  } else if (!text.is_nil() || may_be_empty) {
    result = native_name(p, text);
  }
  return result;
}

// --- settings ---

class SettingsReader {
 public:
  SettingsReader(Process& p, PortOptions* options) : p_(p), options_(*options) {
    options_.parallelism = p.runtime->ports->parallelism();
  }

  // False: badopt.
  bool read(Term list);
  // {cd, Folder} is looked at later, as in OTP, where a wrong one is a badarg.
  Term folder() const { return folder_; }
  bool sets_output_limits() const { return sets_output_limits_; }
  bool has_arguments() const { return options_.arguments || options_.argument_zero; }

 private:
  bool read_flag(Term setting);
  bool read_pair(Term name, Term value);
  bool read_limits(Term value, BusyLimits* limits);
  bool read_arguments(Term list);
  bool read_environment(Term list);

  Process& p_;
  PortOptions& options_;
  Term folder_ = Term::nil();
  bool reads_ = false;
  bool writes_ = false;
  bool sets_output_limits_ = false;
};

bool SettingsReader::read(Term list) {
  read_environment(Term::nil());
  for (; list.is_list(); list = list.tail()) {
    const Term setting = list.head();
    const bool is_pair = is_tuple(setting) && tuple_size(setting) == 2;
    if (is_pair) {
      if (!read_pair(tuple_elements(setting)[0], tuple_elements(setting)[1])) return false;
    } else if (!read_flag(setting)) {
      return false;
    }
  }
  if (!list.is_nil()) return false;
  if (reads_ || writes_) {
    options_.reads = reads_;
    options_.writes = writes_;
  }
  if (options_.line_limit != 0 && options_.packet_bytes != 0) return false;
  return !options_.stderr_to_stdout || options_.use_stdio;
}

bool SettingsReader::read_flag(Term setting) {
  constexpr size_t kDefaultLine = 512;
  if (setting == atoms::stream) {
    options_.packet_bytes = 0;
  } else if (setting == atoms::use_stdio) {
    options_.use_stdio = true;
  } else if (setting == atoms::nouse_stdio) {
    options_.use_stdio = false;
  } else if (setting == atoms::stderr_to_stdout) {
    options_.stderr_to_stdout = true;
  } else if (setting == atoms::line) {
    options_.line_limit = kDefaultLine;
  } else if (setting == atoms::binary) {
    options_.binary = true;
  } else if (setting == atoms::in) {
    reads_ = true;
  } else if (setting == atoms::out) {
    writes_ = true;
  } else if (setting == atoms::eof) {
    options_.soft_eof = true;
  } else if (setting == atoms::exit_status) {
    options_.exit_status = true;
  } else {
    return setting == atoms::hide || setting == atoms::overlapped_io;  // of other systems
  }
  return true;
}

bool SettingsReader::read_pair(Term name, Term value) {
  if (name == atoms::packet) {
    const int64_t bytes = value.is_small() ? value.small_value() : 0;
    options_.packet_bytes = static_cast<size_t>(bytes);
    return bytes == 1 || bytes == 2 || bytes == 4;
  }
  if (name == atoms::line) {
    if (!value.is_small() || value.small_value() <= 0) return false;
    options_.line_limit = static_cast<size_t>(value.small_value());
    return true;
  }
  if (name == atoms::cd) {
    folder_ = value;
    return true;
  }
  if (name == atoms::env) return read_environment(value);
  if (name == atoms::args) return read_arguments(value);
  if (name == atoms::arg0) {
    options_.argument_zero = os_text(p_, value, true);
    return options_.argument_zero.has_value();
  }
  if (name == atoms::parallelism) {
    options_.parallelism = value == atoms::true_;
    return value == atoms::true_ || value == atoms::false_;
  }
  if (name == atoms::busy_limits_port) {
    sets_output_limits_ = true;
    return read_limits(value, &options_.output_limits);
  }
  return name == atoms::busy_limits_msgq && read_limits(value, &options_.message_queue_limits);
}

bool SettingsReader::read_limits(Term value, BusyLimits* limits) {
  if (value == atoms::disabled) {
    *limits = {kNoBusyLimit, kNoBusyLimit};
    return true;
  }
  if (!is_tuple(value) || tuple_size(value) != 2) return false;
  uint64_t low;
  uint64_t high;
  if (!to_uint64(tuple_elements(value)[0], &low)) return false;
  if (!to_uint64(tuple_elements(value)[1], &high)) return false;
  const auto is_limit = [](uint64_t bytes) { return bytes != 0 && bytes != kNoBusyLimit; };
  *limits = {std::min(low, high), high};
  return is_limit(low) && is_limit(high);
}

bool SettingsReader::read_arguments(Term list) {
  std::vector<std::string> arguments;
  for (; list.is_list(); list = list.tail()) {
    std::optional<std::string> argument = os_text(p_, list.head(), true);
    if (!argument) return false;
    arguments.push_back(std::move(*argument));
  }
  options_.arguments = std::move(arguments);
  return list.is_nil();
}

// The VM's variables with some changed, or, where the value is false or [], taken out.
bool SettingsReader::read_environment(Term list) {
  std::map<std::string, std::string> variables;
  for (const std::string& variable : p_.runtime->environment->all()) {
    const size_t equals = variable.find('=');
    variables[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  for (; list.is_list(); list = list.tail()) {
    const Term pair = list.head();
    if (!is_tuple(pair) || tuple_size(pair) != 2) return false;
    const std::optional<std::string> name = native_name(p_, tuple_elements(pair)[0]);
    const Term value = tuple_elements(pair)[1];
    if (!name || name->find('=') != std::string::npos) return false;
    if (value.is_nil() || value == atoms::false_) {
      variables.erase(*name);
      continue;
    }
    std::optional<std::string> text = native_name(p_, value);
    if (!text) return false;
    variables[*name] = std::move(*text);
  }
  options_.environment.clear();
  for (const auto& [name, value] : variables) options_.environment.push_back(name + "=" + value);
  return list.is_nil();
}

// --- the name ---

struct PortName {
  const DriverInfo* driver = nullptr;  // null: badarg
  std::string text;
  std::shared_ptr<const LoadedDriver> loaded = nullptr;  // the driver, if it is of a library
};

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

PortName read_spawn(Process& p, Term kind, Term command, PortOptions* options) {
  std::optional<std::string> text = os_text(p, command, false);
  if (!text) return {};
  options->is_executable = kind == atoms::spawn_executable;
  const std::string_view word = first_word(*text);
  const DriverInfo* driver = options->is_executable ? nullptr : find_driver(word);
  std::shared_ptr<const LoadedDriver> loaded;
  if (driver == nullptr && !options->is_executable) {
    loaded = DriverInterface::current()->libraries().find(word);
    driver = loaded.get();
  }
  if (driver == nullptr && !(kind == atoms::spawn_driver)) driver = &spawn_driver();
  return {driver, std::move(*text), std::move(loaded)};
}

PortName read_name(Process& p, Term name, PortOptions* options) {
  // A file to read from or to write to: until OTP 26.
  if (!is_tuple(name) && p.runtime->otp_release >= 27) return {};
  if (name.is_atom()) return {&file_driver(), std::string(atom_text(name))};
  if (name.is_list()) {
    std::string bytes;
    for (; name.is_list(); name = name.tail()) {
      if (!name.head().is_small() || static_cast<Word>(name.head().small_value()) > 255) return {};
      bytes.push_back(static_cast<char>(name.head().small_value()));
    }
    if (!name.is_nil()) return {};
    return {&file_driver(), bytes};
  }
  if (!is_tuple(name)) return {};
  const std::span<const Term> parts = tuple_elements(name);
  if (parts.size() == 2 && (parts[0] == atoms::spawn || parts[0] == atoms::spawn_driver ||
                            parts[0] == atoms::spawn_executable)) {
    return read_spawn(p, parts[0], parts[1], options);
  }
  if (parts.size() != 3 || !(parts[0] == atoms::fd)) return {};
  if (!parts[1].is_small() || !parts[2].is_small()) return {};
  options->input_descriptor = static_cast<int>(parts[1].small_value());
  options->output_descriptor = static_cast<int>(parts[2].small_value());
  return {&fd_driver(), std::to_string(options->input_descriptor) + "/" +
                            std::to_string(options->output_descriptor)};
}

Term open_port_2(Process& p, Term name, Term settings) {
  PortOptions options;
  SettingsReader reader(p, &options);
  if (!reader.read(settings)) return atoms::badopt;
  const PortName port_name = read_name(p, name, &options);
  const DriverInfo* driver = port_name.driver;
  if (driver == nullptr) return atoms::badarg;
  if (reader.has_arguments() && !options.is_executable) return atoms::badarg;
  if (options.exit_status && driver != &spawn_driver()) return atoms::badarg;
  if (reader.sets_output_limits() && !driver->takes_limits) return atoms::badarg;
  if (!reader.folder().is_nil()) {
    std::optional<std::string> folder = os_text(p, reader.folder(), false);
    if (!folder) return atoms::badarg;
    options.folder = std::move(*folder);
  }
  const Ports::Opened opened = p.runtime->ports->open(p, *driver, port_name.text, options);
  if (!opened.port.is_none()) return opened.port;
  if (opened.table_is_full) return atoms::system_limit;
  if (opened.failure.bad_argument) return atoms::badarg;
  const int error = opened.failure.posix_error;
  return error == 0 ? Term(atoms::einval) : must_atom(posix_error_name(error));
}

constexpr NativeEntry kPortOpenNatives[] = {
    {"erts_internal", "open_port", native<open_port_2>},
};

}  // namespace

std::span<const NativeEntry> erlang_port_open_natives() { return kPortOpenNatives; }

}  // namespace joist
