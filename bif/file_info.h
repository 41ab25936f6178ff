// #file_info{} of prim_file, whose times are seconds.
#pragma once

#include "vm/os/file_system.h"
#include "vm/proc/process.h"

namespace joist {

Term make_file_info(Process& p, const FileInfo& info);

}  // namespace joist
