// Refers to every function of the C interface, so that all of them are linked into the program,
// whose dynamic symbols they are.
#include "vm/driver/api_table.h"

#define JOIST_API(name) extern "C" void name();
#include "vm/driver/api_functions.def"
#undef JOIST_API

namespace joist {

namespace {

constexpr ApiFunction kFunctions[] = {
#define JOIST_API(name) {#name, name},
#include "vm/driver/api_functions.def"
#undef JOIST_API
};

}  // namespace

std::span<const ApiFunction> driver_functions() { return kFunctions; }

}  // namespace joist
