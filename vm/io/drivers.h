// The built-in drivers.
#pragma once

#include <span>
#include <string_view>

#include "vm/io/driver.h"

namespace joist {

const DriverInfo& fd_driver();    // {fd, In, Out}
const DriverInfo& file_driver();  // a name alone
const DriverInfo& ram_file_driver();
const DriverInfo& tcp_driver();  // vm/io/inet
const DriverInfo& udp_driver();
const DriverInfo& tty_driver();    // {spawn, "tty_sl ..."}
const DriverInfo& spawn_driver();  // {spawn, Command}, {spawn_executable, Program}

// Those that {spawn, Name} and {spawn_driver, Name} start, and erl_ddll knows.
std::span<const DriverInfo* const> named_drivers();
// null: there is none of that name.
const DriverInfo* find_driver(std::string_view name);

}  // namespace joist
