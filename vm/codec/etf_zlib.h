// The compressed form of external terms, and the checksum of the local form.
#pragma once

#include <memory>

#include "vm/codec/etf_tags.h"

namespace joist::etf {

struct Inflated {
  std::unique_ptr<uint8_t[]> bytes;
  size_t consumed;  // bytes of the input
};

// nullopt: not zlib's format, or not of exactly `size` bytes.
std::optional<Inflated> inflate_exactly(ByteSpan input, size_t size);

// zlib's form of `input` at `output`, with room for `capacity` bytes. nullopt: it does not get
// shorter than that.
std::optional<size_t> deflate_shorter(ByteSpan input, int level, uint8_t* output, size_t capacity);

}  // namespace joist::etf
