// Reading files as the host needs it (modules, boot scripts, release names). Erlang's own file
// natives are in bif/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vm/base/result.h"

namespace joist {

enum class FileKind { kMissing, kRegular, kDirectory, kOther };

FileKind file_kind(const std::string& path);

// The error names the path and says whether it is missing, a directory or unreadable.
Result<std::vector<uint8_t>> read_file(const std::string& path);

// The names in a directory, without "." and "..", sorted.
Result<std::vector<std::string>> list_directory(const std::string& path);

}  // namespace joist
