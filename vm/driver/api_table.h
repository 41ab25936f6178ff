// The functions of erl_driver.h that libraries find in the program.
#pragma once

#include <span>

#include "vm/nif/api_table.h"

namespace joist {

std::span<const ApiFunction> driver_functions();

}  // namespace joist
