// All natives, table by table, in a fixed order. To add a file of natives: define its table
// there, declare and list it in registry.cpp.
#pragma once

#include <span>

#include "vm/proc/native.h"

namespace joist {

std::span<const std::span<const NativeEntry>> native_tables();

// nullptr: Joist has no such native.
const NativeEntry* find_native(std::string_view module, std::string_view function, size_t arity);

}  // namespace joist
