// What this VM was started with, filled in by the engine before the first process: versions,
// limits, numbers of threads.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace joist {

struct SystemSettings {
  std::string erts_version;  // of the OTP root: "13.1.5"; empty: what its release came with

  size_t schedulers = 1;            // +S
  size_t dirty_cpu_schedulers = 1;  // +SDcpu
  size_t dirty_io_schedulers = 10;  // +SDio
  size_t async_threads = 1;         // +A

  size_t process_limit = 0;  // +P; 0: the release's default
  size_t port_limit = 65536;
  size_t table_limit = 8192;

  char warnings_as = 'w';                       // +W: 'i', 'w' or 'e'
  bool break_ignored = false;                   // +Bi
  std::vector<std::string> emulator_arguments;  // as system_info(emu_args) shows them
};

}  // namespace joist
