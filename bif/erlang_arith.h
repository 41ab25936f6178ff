// The operators of which a long call goes to a dirty thread, for callers that are in the middle of
// something: match specs.
#pragma once

#include <string_view>

#include "vm/proc/native.h"

namespace joist {

// '*', div or rem, which take the time that they need; null: it is none of these.
const NativeEntry* find_whole_product(std::string_view name);

}  // namespace joist
