// A bare VM for a command: release and libraries of the OTP root, modules loaded when called.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/cli/command.h"
#include "vm/engine/vm.h"

namespace joist::cli {

struct VmSize {
  size_t schedulers = 0;  // 0: one for each processor
  size_t processes = 0;   // 0: as many as OTP allows
};

// Looks for modules in `folders` first, then in the OTP root. Each folder must exist.
Result<std::unique_ptr<Vm>> make_vm(const Invocation& invocation, const std::string& root,
                                    const std::vector<std::string>& folders,
                                    const VmSize& size = {});

}  // namespace joist::cli
