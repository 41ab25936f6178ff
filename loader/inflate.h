// Decompression of untrusted data with a bound: memory grows with what really comes out, never
// with what a header claims.
#pragma once

#include <cstdint>
#include <vector>

#include "vm/base/bytes.h"
#include "vm/base/result.h"

namespace joist {

enum class DeflateFormat { kZlib, kGzip };

// The decompressed bytes of the first stream in `bytes`; an error if it is damaged, cut short or
// yields more than `limit` bytes.
Result<std::vector<uint8_t>> inflate_bounded(ByteSpan bytes, DeflateFormat format, size_t limit);

// Deflate cannot expand `compressed` bytes to more than this.
constexpr size_t max_inflated_size(size_t compressed) { return compressed * 1032 + 1024; }

}  // namespace joist
