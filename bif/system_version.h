// What the whole system calls itself: system_info(system_version), with its line end.
#pragma once

#include <string>

#include "vm/proc/runtime.h"

namespace joist {

std::string system_version_text(const Runtime& runtime);

}  // namespace joist
