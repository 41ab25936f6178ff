// The container of a .beam file: an IFF form, perhaps compressed as a whole by gzip.
//
//   file  = "FOR1" size:32 "BEAM" chunk*          size counts what follows it
//   chunk = name:4 bytes  size:32  data  padding to a multiple of 4
#pragma once

#include <vector>

#include "loader/beam_file.h"
#include "vm/base/bytes.h"
#include "vm/base/result.h"

namespace joist {

// A module larger than this, once decompressed, is refused.
inline constexpr size_t kMaxBeamSize = size_t{512} << 20;

// Whether the file is compressed as a whole.
bool is_packed(ByteSpan bytes);

// The container's own bytes: a copy of `bytes`, or what they decompress to.
Result<std::vector<uint8_t>> unpack_beam(ByteSpan bytes);

// The chunks of a container; their data points into `bytes`.
Result<std::vector<Chunk>> read_chunks(ByteSpan bytes);

}  // namespace joist
