#include "vm/codec/etf_zlib.h"

#include <zlib.h>

#include <algorithm>

namespace joist::etf {

// Grows the output as it fills, so that a size that is a lie costs nothing.
std::optional<Inflated> inflate_exactly(ByteSpan input, size_t size) {
  z_stream stream{};
  stream.next_in = const_cast<uint8_t*>(input.data());
  stream.avail_in = static_cast<uInt>(std::min<size_t>(input.size(), UINT32_MAX));
  if (inflateInit(&stream) != Z_OK) return std::nullopt;
  size_t capacity = std::min(size, std::max<size_t>(4096, 4 * input.size()));
  std::unique_ptr<uint8_t[]> bytes(new uint8_t[capacity + 1]);
  int status = Z_OK;
  size_t filled = 0;
  for (;;) {
    stream.next_out = bytes.get() + filled;
    // One byte more than the size, to see whether there is more.
    stream.avail_out = static_cast<uInt>(capacity + 1 - filled);
    status = inflate(&stream, Z_NO_FLUSH);
    filled = capacity + 1 - stream.avail_out;
    if (status != Z_OK || stream.avail_out != 0 || capacity == size) break;
    size_t larger = std::min(size, 2 * capacity);
    std::unique_ptr<uint8_t[]> grown(new uint8_t[larger + 1]);
    __builtin_memcpy(grown.get(), bytes.get(), filled);
    bytes = std::move(grown);
    capacity = larger;
  }
  size_t consumed = input.size() - stream.avail_in;
  inflateEnd(&stream);
  if (status != Z_STREAM_END || filled != size) return std::nullopt;
  return Inflated{std::move(bytes), consumed};
}

std::optional<size_t> deflate_shorter(ByteSpan input, int level, uint8_t* output, size_t capacity) {
  z_stream stream{};
  if (deflateInit(&stream, level) != Z_OK) return std::nullopt;
  stream.next_out = output;
  size_t taken = 0;
  size_t written = 0;
  int status = Z_OK;
  while (status == Z_OK && written < capacity) {
    // zlib counts in 32 bits.
    stream.next_in = const_cast<uint8_t*>(input.data() + taken);
    size_t in = std::min<size_t>(input.size() - taken, 1u << 30);
    size_t out = std::min<size_t>(capacity - written, 1u << 30);
    stream.avail_in = static_cast<uInt>(in);
    stream.avail_out = static_cast<uInt>(out);
    status = deflate(&stream, taken + in == input.size() ? Z_FINISH : Z_NO_FLUSH);
    taken += in - stream.avail_in;
    written += out - stream.avail_out;
  }
  deflateEnd(&stream);
  if (status != Z_STREAM_END) return std::nullopt;
  return written;
}

// FNV-1a over the key and the bytes, folded.
uint32_t local_checksum(ByteSpan bytes, uint64_t key) {
  constexpr uint64_t kPrime = 0x100000001b3;
  uint64_t hash = 0xcbf29ce484222325 ^ key;
  for (uint8_t byte : bytes) hash = (hash ^ byte) * kPrime;
  hash = (hash ^ key) * kPrime;
  return static_cast<uint32_t>(hash >> 32 ^ hash);
}

}  // namespace joist::etf
