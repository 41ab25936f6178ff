// The settings of open_port/2 in the VM's own terms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace joist {

// At `high` bytes senders have to wait, until there are less than `low`.
struct BusyLimits {
  size_t low;
  size_t high;
};
inline constexpr size_t kNoBusyLimit = SIZE_MAX;

struct PortOptions {
  // --- what the port itself sees to ---
  bool binary = false;
  bool soft_eof = false;                           // {Port, eof} instead of closing
  size_t line_limit = 0;                           // 0: no lines
  BusyLimits message_queue_limits = {4096, 8192};  // of commands that wait for their turn
  bool parallelism = false;

  // --- what drivers see to ---
  size_t packet_bytes = 0;  // 0: a stream
  bool reads = true;
  bool writes = true;
  bool exit_status = false;
  BusyLimits output_limits = {4096, 8192};
  // {fd, In, Out}
  int input_descriptor = -1;
  int output_descriptor = -1;
  // {spawn, _}, {spawn_executable, _}
  bool is_executable = false;  // a program, otherwise a command of the shell
  bool use_stdio = true;
  bool stderr_to_stdout = false;
  std::string folder;                    // empty: the VM's
  std::vector<std::string> environment;  // NAME=value
  std::optional<std::string> argument_zero;
  std::optional<std::vector<std::string>> arguments;
};

}  // namespace joist
