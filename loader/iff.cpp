#include "loader/iff.h"

#include <algorithm>

#include "loader/inflate.h"

namespace joist {

bool is_packed(ByteSpan bytes) { return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b; }

Result<std::vector<uint8_t>> unpack_beam(ByteSpan bytes) {
  if (is_packed(bytes)) {
    const size_t limit = std::min(kMaxBeamSize, max_inflated_size(bytes.size()));
    auto unpacked = inflate_bounded(bytes, DeflateFormat::kGzip, limit);
    if (unpacked) return unpacked;
    return make_error("corrupt file header: %s", unpacked.error().text.c_str());
  }
  if (bytes.size() > kMaxBeamSize) return make_error("corrupt file header: file too large");
  return std::vector<uint8_t>(bytes.begin(), bytes.end());
}

Result<std::vector<Chunk>> read_chunks(ByteSpan bytes) {
  if (bytes.empty()) return make_error("corrupt file header: it is empty");
  ByteReader header(bytes);
  const uint32_t form = header.u32();
  const uint32_t form_size = header.u32();
  ByteReader reader(header.take(form_size));
  if (!header.ok() || form != chunk_id("FOR1"))
    return make_error("corrupt file header: not an IFF file");
  if (reader.u32() != chunk_id("BEAM")) return make_error("corrupt file header: not a BEAM file");

  std::vector<Chunk> chunks;
  while (!reader.at_end()) {
    const uint32_t id = reader.u32();
    const uint32_t size = reader.u32();
    const ByteSpan data = reader.take(size);
    reader.skip((4 - size % 4) % 4);
    if (!reader.ok()) return make_error("corrupt file header: chunk directory is cut short");
    chunks.push_back({id, data});
  }
  return chunks;
}

}  // namespace joist
