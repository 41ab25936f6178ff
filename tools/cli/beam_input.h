// Reading .beam files named on the command line.
#pragma once

#include <string>

#include "loader/beam_file.h"

namespace joist::cli {

// Reads and takes apart the file; errors begin with the path.
Result<BeamFile> load_beam(const std::string& path);

}  // namespace joist::cli
