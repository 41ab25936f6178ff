// Names that the OS knows as bytes (environment variables, files) as Erlang has them: lists of
// characters, in UTF-8 or Latin-1 (+fnu, +fnl).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vm/proc/process.h"

namespace joist {

// The bytes of a list (lists in it are taken as part of it). nullopt: no such list, a character
// that the encoding does not have, or a zero character.
std::optional<std::string> native_name(Process& p, Term characters);
// The list for bytes from the OS. Bytes that are not UTF-8 are taken for Latin-1.
Term characters_of_native(Process& p, std::string_view name);

}  // namespace joist
