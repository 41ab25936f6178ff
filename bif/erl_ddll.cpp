// Module erl_ddll: which drivers there are. All are built in; loading others from files is not
// supported (https://www.erlang.org/doc/man/erl_ddll).
#include "bif/native_name.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/io/drivers.h"

namespace joist {

namespace {

std::optional<std::string> driver_name(Process& p, Term name) {
  if (name.is_atom()) return std::string(atom_text(name));
  return native_name(p, name);
}

bool is_proper_list(Term list) {
  while (list.is_list()) list = list.tail();
  return list.is_nil();
}

Term linked_in() { return must_atom("linked_in_driver"); }

Term error(Process& p, Term reason) { return make_tuple(p.heap, {atoms::error, reason}); }

Term loaded_drivers_0(Process& p) {
  ListBuilder names(p.heap);
  for (const DriverInfo* driver : named_drivers()) names.add(make_string(p.heap, driver->name));
  return make_tuple(p.heap, {atoms::ok, names.finish()});
}

Term try_load_3(Process& p, Term path, Term name, Term options) {
  const std::optional<std::string> driver = driver_name(p, name);
  if (!driver || !driver_name(p, path) || !is_proper_list(options)) return p.badarg();
  if (find_driver(*driver) != nullptr) return error(p, linked_in());
  return p.not_supported("drivers from files");
}

Term try_unload_2(Process& p, Term name, Term options) {
  const std::optional<std::string> driver = driver_name(p, name);
  if (!driver || !is_proper_list(options)) return p.badarg();
  return error(p, find_driver(*driver) != nullptr ? linked_in() : Term(atoms::not_loaded));
}

Term info_2(Process& p, Term name, Term item) {
  const std::optional<std::string> driver = driver_name(p, name);
  if (!driver || find_driver(*driver) == nullptr) return p.badarg();
  if (!item.is_atom()) return p.badarg();
  const std::string_view text = atom_text(item);
  if (text == "linked_in_driver") return atoms::true_;
  if (text == "permanent") return atoms::false_;
  for (const char* known :
       {"processes", "driver_options", "port_count", "awaiting_load", "awaiting_unload"}) {
    if (text == known) return linked_in();
  }
  return p.badarg();
}

constexpr NativeEntry kErlDdllNatives[] = {
    {"erl_ddll", "info", native<info_2>},
    {"erl_ddll", "loaded_drivers", native<loaded_drivers_0>},
    {"erl_ddll", "try_load", native<try_load_3>},
    {"erl_ddll", "try_unload", native<try_unload_2>},
};

}  // namespace

std::span<const NativeEntry> erl_ddll_natives() { return kErlDdllNatives; }

}  // namespace joist
