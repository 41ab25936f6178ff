// What the two sources of file information, paths and descriptors, share. For vm/os/*.cpp only.
#pragma once

#include <sys/stat.h>

#include "vm/os/file_system.h"

namespace joist {

// All but the access rights.
void fill_file_info(const struct stat& status, FileInfo* info);

}  // namespace joist
