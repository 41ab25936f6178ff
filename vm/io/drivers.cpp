#include "vm/io/drivers.h"

#include <cerrno>

namespace joist {

namespace {

DriverStart start_spawn(Port&, const std::string&, const PortOptions&) { return {nullptr, ENOSYS}; }

}  // namespace

const DriverInfo& spawn_driver() {
  static constexpr DriverInfo info{
      .name = "spawn", .start = start_spawn, .port_locking = true, .takes_limits = true};
  return info;
}

std::span<const DriverInfo* const> named_drivers() { return {}; }

const DriverInfo* find_driver(std::string_view name) {
  for (const DriverInfo* driver : named_drivers()) {
    if (name == driver->name) return driver;
  }
  return nullptr;
}

}  // namespace joist
