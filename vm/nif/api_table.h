// The functions that libraries find in the program.
#pragma once

#include <span>

namespace joist {

struct ApiFunction {
  const char* name;
  void (*function)();
};
std::span<const ApiFunction> api_functions();

}  // namespace joist
