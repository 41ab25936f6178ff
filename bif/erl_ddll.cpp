// Module erl_ddll: drivers that are loaded and unloaded (https://www.erlang.org/doc/man/erl_ddll);
// what becomes of them is in vm/driver/library.h.
#include "bif/native_name.h"
#include "bif/registry.h"
#include "vm/driver/interface.h"
#include "vm/heap/builder.h"
#include "vm/io/drivers.h"
#include "vm/sched/signal_handler.h"

namespace joist {

namespace {

DriverLibraries& libraries() { return DriverInterface::current()->libraries(); }

std::optional<std::string> driver_name(Process& p, Term name) {
  if (name.is_atom()) return std::string(atom_text(name));
  if (!name.is_list() && !name.is_nil()) return std::nullopt;
  return native_name(p, name);
}

// Where the file is, without .so: the folder may end in slashes.
std::optional<std::string> file_path(Process& p, Term folder, const std::string& name) {
  std::optional<std::string> path = driver_name(p, folder);
  if (!path && is_binary(folder)) {
    ByteScratch scratch;
    const ByteSpan bytes = binary_bytes(folder, scratch);
    path.emplace(bytes.begin(), bytes.end());
  }
  if (!path) return std::nullopt;
  while (!path->empty() && (path->back() == '/' || path->back() == '\\')) path->pop_back();
  return *path + "/" + name;
}

// --- options ---

bool is_pair(Term term) { return is_tuple(term) && tuple_size(term) == 2; }

bool read_pending(Term value, Pending* pending) {
  if (!value.is_atom()) return false;
  const std::string_view text = atom_text(value);
  if (text != "pending_driver" && text != "pending") return false;
  *pending = text == "pending" ? Pending::kProcessToo : Pending::kDriver;
  return true;
}

bool is_kill_ports(Term term) { return term.is_atom() && atom_text(term) == "kill_ports"; }

bool read_driver_options(Term list, bool* kills_ports) {
  for (; list.is_list(); list = list.tail()) {
    if (!is_kill_ports(list.head())) return false;
    *kills_ports = true;
  }
  return list.is_nil();
}

bool read_load_option(Term option, LoadOptions* options) {
  if (!is_pair(option) || !tuple_elements(option)[0].is_atom()) return false;
  const std::string_view name = atom_text(tuple_elements(option)[0]);
  const Term value = tuple_elements(option)[1];
  if (name == "driver_options") return read_driver_options(value, &options->kills_ports);
  if (name == "monitor") return read_pending(value, &options->monitor);
  return name == "reload" && read_pending(value, &options->reload);
}

bool read_unload_option(Term option, UnloadOptions* options) {
  if (is_kill_ports(option)) {
    options->kills_ports = true;
    return true;
  }
  return is_pair(option) && tuple_elements(option)[0] == atoms::monitor &&
         read_pending(tuple_elements(option)[1], &options->monitor);
}

template <typename Options>
bool read_options(Term list, bool (*read)(Term, Options*), Options* options) {
  for (; list.is_list(); list = list.tail()) {
    if (!read(list.head(), options)) return false;
  }
  return list.is_nil();
}

// --- natives ---

// Ports that were closed may have ended the caller with them.
Term answer(Process& p, const LibraryAnswer& answer) {
  if (!p.signals.empty()) handle_signals(p);
  if (p.is_exiting) return p.ended_by_signal();
  const Term tag = answer.is_error ? atoms::error : atoms::ok;
  if (answer.monitor == 0) return make_tuple(p.heap, {tag, answer.term});
  const Term reference = make_ref(p.heap, reference_numbers(answer.monitor));
  return make_tuple(p.heap, {tag, answer.term, reference});
}

Term try_load_3(Process& p, Term folder, Term name, Term list) {
  LoadOptions options;
  if (!read_options(list, read_load_option, &options)) return p.badarg();
  const std::optional<std::string> driver = driver_name(p, name);
  if (!driver) return p.badarg();
  const std::optional<std::string> path = file_path(p, folder, *driver);
  if (!path) return p.badarg();
  return answer(p, libraries().try_load(p, *path, *driver, options));
}

Term try_unload_2(Process& p, Term name, Term list) {
  UnloadOptions options;
  if (!read_options(list, read_unload_option, &options)) return p.badarg();
  const std::optional<std::string> driver = driver_name(p, name);
  if (!driver) return p.badarg();
  return answer(p, libraries().try_unload(p, *driver, options));
}

Term monitor_2(Process& p, Term tag, Term item) {
  if (!tag.is_atom() || atom_text(tag) != "driver" || !is_pair(item)) return p.badarg();
  const Term name = tuple_elements(item)[0];
  const Term what = tuple_elements(item)[1];
  const std::optional<std::string> driver = driver_name(p, name);
  if (!driver || !what.is_atom()) return p.badarg();
  LibraryRole role;
  const std::string_view text = atom_text(what);
  if (text == "loaded") {
    role = LibraryRole::kAwaitsLoad;
  } else if (text == "unloaded") {
    role = LibraryRole::kAwaitsUnload;
  } else if (text == "unloaded_only") {
    role = LibraryRole::kAwaitsUnloadOnly;
  } else {
    return p.badarg();
  }
  return make_ref(p.heap, reference_numbers(libraries().monitor(p, *driver, name, role)));
}

Term demonitor_1(Process& p, Term reference) {
  if (!is_kind(reference, Boxed::kRef)) return p.badarg();
  libraries().demonitor(p, reference_id(reference));
  return atoms::true_;
}

Term loaded_drivers_0(Process& p) {
  ListBuilder names(p.heap);
  for (const DriverInfo* driver : named_drivers()) names.add(make_string(p.heap, driver->name));
  for (const std::string& name : libraries().names()) names.add(make_string(p.heap, name));
  return make_tuple(p.heap, {atoms::ok, names.finish()});
}

Term info_2(Process& p, Term name, Term item) {
  const std::optional<std::string> driver = driver_name(p, name);
  if (!driver || !item.is_atom()) return p.badarg();
  const Term info = libraries().info(p, *driver, atom_text(item));
  return info.is_none() ? p.badarg() : info;
}

struct Explanation {
  const char* atom;
  const char* text;
};
constexpr Explanation kExplanations[] = {
    {"inconsistent",
     "Driver name and/or driver options are inconsistent with currently loaded driver"},
    {"linked_in_driver", "Driver is statically linked and cannot be loaded/unloaded"},
    {"permanent", "DDLL driver is permanent an cannot be unloaded/loaded"},
    {"not_loaded", "DDLL driver is not loaded"},
    {"not_loaded_by_this_process", "DDLL driver was not loaded by this process"},
    {"not_pending", "DDLL load not pending for this driver name"},
    {"already_loaded", "DDLL driver is already loaded successfully"},
    {"pending_reload", "Driver reloading is already pending"},
    {"pending_process",
     "Driver is loaded by others when attempting option {reload, pending_driver}"},
};

Term format_error_int_1(Process& p, Term error) {
  std::optional<int> code;
  if (error.is_atom()) {
    const std::string_view name = atom_text(error);
    for (const Explanation& each : kExplanations) {
      if (name == each.atom) return make_string(p.heap, each.text);
    }
    code = DriverLibraries::error_code(name);
  } else if (is_pair(error)) {
    const std::span<const Term> parts = tuple_elements(error);
    const bool is_open_error = parts[0].is_atom() && atom_text(parts[0]) == "open_error";
    if (is_open_error && parts[1].is_small()) code = static_cast<int>(parts[1].small_value());
  }
  return code ? make_string(p.heap, libraries().error_text(*code)) : p.badarg();
}

constexpr NativeEntry kErlDdllNatives[] = {
    {"erl_ddll", "demonitor", native<demonitor_1>},
    {"erl_ddll", "format_error_int", native<format_error_int_1>},
    {"erl_ddll", "info", native<info_2>},
    {"erl_ddll", "loaded_drivers", native<loaded_drivers_0>},
    {"erl_ddll", "monitor", native<monitor_2>},
    {"erl_ddll", "try_load", native<try_load_3>},
    {"erl_ddll", "try_unload", native<try_unload_2>},
};

}  // namespace

std::span<const NativeEntry> erl_ddll_natives() { return kErlDdllNatives; }

}  // namespace joist
