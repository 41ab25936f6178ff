#include "vm/io/drivers.h"

namespace joist {

std::span<const DriverInfo* const> named_drivers() {
  static const DriverInfo* const drivers[] = {&ram_file_driver(), &tcp_driver(), &udp_driver(),
                                              &tty_driver()};
  return drivers;
}

const DriverInfo* find_driver(std::string_view name) {
  for (const DriverInfo* driver : named_drivers()) {
    if (name == driver->name) return driver;
  }
  return nullptr;
}

}  // namespace joist
