// The Line chunk: source positions, and the names of files other than the module's own.
//
//   version 0 (others are ignored)  flags  line instructions  positions  names
//   then for each position: tagged integer (line), preceded by a tagged atom (file) where the file
//   changes; then for each name: length:16, UTF-8 bytes
#pragma once

#include "loader/beam_file.h"
#include "vm/base/bytes.h"
#include "vm/base/result.h"

namespace joist {

Result<void> parse_lines(BeamFile& file, ByteSpan chunk);

}  // namespace joist
