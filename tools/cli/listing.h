// Listings of code at each stage of the loader, as `joist disasm` prints them.
#pragma once

#include <string>

#include "loader/beam_file.h"

namespace joist::cli {

// Generic instructions of one function, one a line, labels on lines of their own:
//
//     append/2:
//     L1:
//       func_info lists append 2
//     L2:
//       is_nonempty_list L4 x0
//
// `code` is the file's own or what transform() made of it; there, comments give the source lines.
void append_generic(const BeamFile& file, const GenericCode& code, const GenericFunction& function,
                    std::string& text);

}  // namespace joist::cli
