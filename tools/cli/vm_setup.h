// A bare VM for a command: release and libraries of the OTP root, modules loaded when called.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/cli/command.h"
#include "vm/engine/vm.h"

namespace joist::cli {

// Looks for modules in `folders` first, then in the OTP root. Each folder must exist.
// `schedulers`: 0 for one for each processor.
Result<std::unique_ptr<Vm>> make_vm(const Invocation& invocation, const std::string& root,
                                    const std::vector<std::string>& folders, size_t schedulers = 0);

}  // namespace joist::cli
