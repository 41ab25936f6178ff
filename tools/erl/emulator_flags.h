// The emulator's own flags: what read_command_line() has sorted out for it.
#pragma once

#include <string>
#include <vector>

#include "tools/erl/command_line.h"
#include "vm/base/result.h"
#include "vm/engine/vm.h"
#include "vm/os/environment.h"

namespace joist::erl {

struct EmulatorFlags {
  std::string init = "init";  // +i: the module that erl_init goes on with
  bool shows_version = false;
};

// Reads them into `options`. The error is what goes to standard error, one line; `emulator` is what
// it calls itself there.
Result<EmulatorFlags> read_emulator_flags(const std::string& emulator,
                                          const std::vector<std::string>& words,
                                          VmOptions& options);

// What variables of the environment set, before flags do. `-env` has its say on them too.
void read_emulator_variables(const Environment& environment, const CommandLine& line,
                             VmOptions& options);

// For --help: a line or two for each flag, also of those that are accepted and change nothing.
std::string emulator_flags_help();

}  // namespace joist::erl
